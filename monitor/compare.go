package monitor

import (
	"github.com/weir-gateway/weir/monitor/sequential"
	"github.com/weir-gateway/weir/protocol"
)

// excessLevel is the chance that the bounds of an excess are ever wrong.
const excessLevel = 0.05

// comparison is what a shadow's answers are to those that clients got, since the
// first of them.
type comparison struct {
	shadow, noise rate
	concentration concentration
}

// rate is an agreement, and the mean over exchanges of the share of rows that differ.
type rate struct {
	agreement
	mean sequential.Mean
}

// compare counts a shadow's rows against the primary's. inputs are what the
// states observe of its request: texts and embeddings as the numbers made of them.
func (v *version) compare(x *Exchange, d decoded, inputs *protocol.Batch, p *pass) {
	if v.comparison == nil {
		v.comparison = &comparison{}
	}
	if len(x.Primary.Bytes) == 0 && !x.Failed {
		return // nothing to compare with
	}
	if d.primary != nil || x.Failed && len(x.Primary.Bytes) > 0 {
		x.pair = disagreed // until its first row is found to agree
	}
	if r := &v.comparison.shadow; r.observe(d, &v.m.o) {
		if len(r.differ) > 0 && !r.differ[0] {
			x.pair = agreed
		}
		v.comparison.concentration.observe(v, inputs, r.differ, p)
	}
}

func (r *rate) observe(d decoded, o *Options) bool {
	if !r.compare(d.out, d.primary, o) {
		return false
	}
	r.mean.Update(ratio(r.wrong(), uint64(len(r.differ))))
	return true
}

// noise compares two answers of one version, for every shadow that got a copy of
// the request: what they would disagree by if they were that version.
func (m *Monitor) noise(r *reader, x *Exchange) {
	if len(x.Primary.Bytes) == 0 {
		return // nothing to compare with
	}
	var d decoded
	if !x.Failed {
		d.out = m.read(r, &r.response, x.Response, m.o.Protocol.DecodeResponse, "response_")
		d.primary = m.read(r, &r.primary, x.Primary, m.o.Protocol.DecodeResponse, "primary_")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range x.Noise {
		v := m.versions[name]
		if v == nil {
			continue // forgotten, or nothing of it was observed yet
		}
		if v.comparison == nil {
			v.comparison = &comparison{}
		}
		v.comparison.noise.observe(d, &m.o)
	}
}

// summary is a snapshot; nil where the version never was a shadow.
func (c *comparison) summary() *Comparison {
	if c == nil {
		return nil
	}
	s, n := &c.shadow, &c.noise
	out := &Comparison{
		Compared: s.compared, Disagreed: s.disagreed, Ratio: ratio(s.disagreed, s.compared), Unmatched: s.unmatched,
		Outputs: s.shown(), Excess: c.excess(),
	}
	if n.compared+n.unmatched > 0 {
		out.Noise = &Noise{Compared: n.compared, Disagreed: n.disagreed, Ratio: ratio(n.disagreed, n.compared), Unmatched: n.unmatched}
	}
	return out
}

// full is a summary with what takes longer.
func (c *comparison) full() *Comparison {
	out := c.summary()
	if out != nil {
		out.Concentrated = c.concentration.found()
	}
	return out
}

// excess subtracts the noise; nil where there is nothing to subtract, or to subtract
// from. Each of the two means has half of the level, so that both hold together
// whatever they have to do with each other: they are of the same requests.
func (c *comparison) excess() *Excess {
	s, n := &c.shadow.mean, &c.noise.mean
	if s.Count() == 0 || n.Count() == 0 {
		return nil
	}
	low, high := s.Bounds(excessLevel / 2)
	noiseLow, noiseHigh := n.Bounds(excessLevel / 2)
	return &Excess{Value: s.Value() - n.Value(), Low: low - noiseHigh, High: high - noiseLow, Level: excessLevel}
}

// savedComparison is what a restart must not lose of a comparison.
type savedComparison struct {
	*Comparison
	Means [2][3]float64 `json:"means"` // of the shadow and of the noise
}

func (c *comparison) save() *savedComparison {
	if c == nil {
		return nil
	}
	return &savedComparison{c.summary(), [2][3]float64{c.shadow.mean.Sums(), c.noise.mean.Sums()}}
}

// restored is the comparison of a saved one; nil where answers would be compared by
// other tolerances now, so that it starts anew.
func (o *Options) restored(s *savedComparison) *comparison {
	if s == nil || s.Comparison == nil {
		return nil
	}
	c := &comparison{}
	r := &c.shadow
	r.compared, r.disagreed, r.unmatched = s.Compared, s.Disagreed, s.Unmatched
	for _, out := range s.Outputs {
		if now, _ := o.tolerance(out.Name); now != out.Tolerance {
			return nil
		}
		if k := r.output(len(r.outputs), out.Name, out.Tolerance, o.MaxFeatures); k >= 0 {
			r.outputs[k] = out
		}
	}
	if n := s.Noise; n != nil {
		c.noise.compared, c.noise.disagreed, c.noise.unmatched = n.Compared, n.Disagreed, n.Unmatched
	}
	c.shadow.mean, c.noise.mean = sequential.MeanOf(s.Means[0]), sequential.MeanOf(s.Means[1])
	return c
}
