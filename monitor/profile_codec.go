package monitor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// ErrProfile says that a profile is not valid.
var ErrProfile = errors.New("monitor: profile")

const rebuild = "build it again with `weir profile build`"

// Encode returns the profile as JSON, one line a feature.
func (p *Profile) Encode() ([]byte, error) {
	head := *p
	head.Features = []ProfileFeature{}
	b, err := json.Marshal(head)
	if err != nil {
		return nil, fmt.Errorf("%w: encode: %w", ErrProfile, err)
	}
	b = bytes.TrimSuffix(b, []byte("]}"))
	for i := range p.Features {
		f, err := json.Marshal(&p.Features[i])
		if err != nil {
			return nil, fmt.Errorf("%w: encode features[%d] %q: %w", ErrProfile, i, p.Features[i].Name, err)
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, '\n'), f...)
	}
	return append(b, "\n]}\n"...), nil
}

// DecodeProfile reads what Encode wrote and checks it; an error names the place and
// the mend.
func DecodeProfile(data []byte) (*Profile, error) {
	var p Profile
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("%w: %s: %w: %s", ErrProfile, position(data, d.InputOffset(), err), err, rebuild)
	}
	if d.More() {
		return nil, fmt.Errorf("%w: %s: more than one JSON value: %s", ErrProfile, position(data, d.InputOffset(), nil), rebuild)
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return &p, nil
}

// position returns line and column of an error.
func position(data []byte, offset int64, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	before := data[:min(max(offset, 0), int64(len(data)))]
	line := bytes.Count(before, []byte("\n")) + 1
	return fmt.Sprintf("line %d column %d", line, len(before)-bytes.LastIndexByte(before, '\n'))
}

// Validate checks that the profile is usable.
func (p *Profile) Validate() error {
	if p.Format != profileFormat {
		return fmt.Errorf("%w: weir_profile is %d, this version reads %d: %s", ErrProfile, p.Format, profileFormat, rebuild)
	}
	if err := validateFeatures(p.Features); err != nil {
		return fmt.Errorf("%w: %w", ErrProfile, err)
	}
	if err := p.validateDerived(); err != nil {
		return err
	}
	return p.validateSlices()
}

func validateFeatures(features []ProfileFeature) error {
	if len(features) == 0 {
		return fmt.Errorf("features is empty: %s from a table with at least one column", rebuild)
	}
	names := map[string]int{}
	for i := range features {
		f := &features[i]
		if err := f.validate(); err != nil {
			return fmt.Errorf("features[%d] %q: %w: %s", i, f.Name, err, rebuild)
		}
		if k, double := names[f.Role+"\x00"+f.Name]; double {
			return fmt.Errorf("features[%d] %q: the same %s as features[%d]: remove one of them", i, f.Name, f.Role, k)
		}
		names[f.Role+"\x00"+f.Name] = i
	}
	return nil
}

func (f *ProfileFeature) validate() error {
	switch {
	case f.Name == "":
		return errors.New("name is empty")
	case f.Role != roleInput && f.Role != roleOutput:
		return fmt.Errorf("role is %q, want %s or %s", f.Role, roleInput, roleOutput)
	case f.Count > countLimit || f.Missing > countLimit || f.Invalid > countLimit:
		return fmt.Errorf("a count is above %d", countLimit)
	case f.Kind == kindNumeric && f.Numeric != nil && f.Categorical == nil:
		return f.Numeric.validate()
	case f.Kind == kindCategorical && f.Categorical != nil && f.Numeric == nil:
		return f.Categorical.validate(f.Count)
	}
	return fmt.Errorf("kind is %q, want %s or %s with the object of that name and no other", f.Kind, kindNumeric, kindCategorical)
}

// countLimit keeps sums of counts within 64 bits and exact as float64.
const countLimit = uint64(1) << 52

func (n *NumericProfile) validate() error {
	for _, x := range []float64{n.Min, n.Max, n.Mean, n.StdDev} {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return errors.New("min, max, mean or stddev is not finite")
		}
	}
	if n.Min > n.Max {
		return fmt.Errorf("min %g is above max %g", n.Min, n.Max)
	}
	for _, counts := range [][]uint64{n.At, n.Between} {
		for _, c := range counts {
			if c > countLimit {
				return fmt.Errorf("a count is above %d", countLimit)
			}
		}
	}
	g, err := sketch.NewGrid(n.Points, n.At, n.Between)
	if err != nil {
		return err
	}
	if g.Total() != n.Sample {
		return fmt.Errorf("at and between add up to %d, sample is %d", g.Total(), n.Sample)
	}
	return nil
}

func (c *CategoricalProfile) validate(count uint64) error {
	if len(c.Categories) > maxProfileCategories {
		return fmt.Errorf("%d categories, at most %d", len(c.Categories), maxProfileCategories)
	}
	seen := map[string]bool{}
	for i, category := range c.Categories {
		if category.Count > countLimit || c.Rest > countLimit {
			return fmt.Errorf("a count is above %d", countLimit)
		}
		if len(category.Value) > sketch.MaxCategory {
			return fmt.Errorf("categories[%d] has %d bytes, at most %d", i, len(category.Value), sketch.MaxCategory)
		}
		if seen[category.Value] {
			return fmt.Errorf("categories[%d] %q is there twice", i, category.Value)
		}
		seen[category.Value] = true
	}
	if total := c.total(); total != count {
		return fmt.Errorf("categories and rest add up to %d, count is %d", total, count)
	}
	return nil
}
