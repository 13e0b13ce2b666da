package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// HedgeAfter is how long an endpoint may be silent until a second one is asked
// as well: a duration, a percentile of the model's own answers such as p95, or off.
type HedgeAfter string

const hedgeOff HedgeAfter = "off"

// Off says that no second endpoint is ever asked.
func (a HedgeAfter) Off() bool { return a == hedgeOff }

// Quantile returns 0.95 of p95, and 0 of what is no percentile.
func (a HedgeAfter) Quantile() float64 {
	digits, ok := strings.CutPrefix(string(a), "p")
	n, err := strconv.ParseUint(digits, 10, 8)
	if !ok || err != nil || n < 50 || n > 99 || len(digits) != 2 {
		return 0
	}
	return float64(n) / 100
}

// Duration returns the duration, and 0 of what is none.
func (a HedgeAfter) Duration() Duration {
	d, err := time.ParseDuration(string(a))
	if err != nil {
		return 0
	}
	return Duration(d)
}

func (*HedgeAfter) wants() (Rule, string) {
	return RuleHedgeAfter, "a duration with its unit such as 50ms, a percentile from p50 to p99, or off"
}

func (a *HedgeAfter) parse(text string) error {
	v := HedgeAfter(text)
	if _, err := time.ParseDuration(text); err != nil && !v.Off() && v.Quantile() == 0 {
		return fmt.Errorf("%q is no delay of a hedge", text)
	}
	*a = v
	return nil
}

func (c *checker) hedge(path string, m *Model) {
	h := m.Upstream.Hedge
	c.number(path+".budget", h.Budget, 0.1, 100)
	if h.After.Off() {
		return
	}
	if h.After.Quantile() == 0 {
		c.duration(path+".after", h.After.Duration(), time.Millisecond, time.Hour)
	}
	if !m.Idempotent {
		c.fault(RuleHedge, path+".after", "has some requests run at two endpoints; add idempotent: true where that does no harm, or remove hedge")
	}
}
