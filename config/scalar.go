package config

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/weir-gateway/weir/registry"
)

// Duration is a time.Duration that is written as in Go: 250ms, 2s, 1h30m.
type Duration time.Duration

// Std returns the duration as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes the duration without trailing zero units: 10m, not 10m0s.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-len("0s")]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-len("0m")]
	}
	return s
}

// MarshalJSON writes the duration as text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads the duration from text.
func (d *Duration) UnmarshalJSON(data []byte) error { return unmarshalText(data, d) }

func (*Duration) wants() (Rule, string) {
	return RuleDuration, "a duration with its unit, such as 250ms, 2s or 1h30m"
}

func (d *Duration) parse(text string) error {
	v, err := time.ParseDuration(text)
	if err == nil {
		*d = Duration(v)
	}
	return err
}

// Size is a number of bytes, written with a unit: 512B, 64KiB, 4MiB, 1GiB.
type Size int64

// sizeUnits are the units a Size may have, largest first. Only powers of 1024
// exist: MB would leave a reader guessing which megabyte was meant.
var sizeUnits = []struct {
	name  string
	bytes Size
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// String writes the size in the largest unit that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s%u.bytes == 0 && (s != 0 || u.bytes == 1) {
			return strconv.FormatInt(int64(s/u.bytes), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// MarshalJSON writes the size as text.
func (s Size) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON reads the size from text.
func (s *Size) UnmarshalJSON(data []byte) error { return unmarshalText(data, s) }

func (*Size) wants() (Rule, string) {
	return RuleSize, "a size with its unit (B, KiB, MiB, GiB), such as 4MiB"
}

func (s *Size) parse(text string) error {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil {
			return fmt.Errorf("size %q: %w", text, err)
		}
		if n > math.MaxInt64/int64(u.bytes) || n < 0 {
			return fmt.Errorf("size %q: %w", text, strconv.ErrRange)
		}
		*s = Size(n) * u.bytes
		return nil
	}
	return fmt.Errorf("size %q has no unit", text)
}

// weight reads the registry's weights, which this package has no right to add
// methods to.
type weight registry.Weight

func (*weight) wants() (Rule, string) {
	return RuleWeight, "a number of per cent up to 100 with at most 4 decimals, such as 5 or 0.25"
}

func (w *weight) parse(text string) error {
	v, err := registry.ParseWeight(text)
	if err == nil {
		*w = weight(v)
	}
	return err
}

// scalar is a value that is read from one YAML or JSON scalar.
type scalar interface {
	parse(text string) error
	wants() (Rule, string) // the rule a bad value breaks, and what is wanted in words
}

func unmarshalText(data []byte, into scalar) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	return into.parse(text)
}
