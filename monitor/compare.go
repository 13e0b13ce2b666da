package monitor

// comparison is what a shadow's answers are to those that clients got, since the
// first of them.
type comparison struct {
	shadow agreement
}

// compare counts a shadow's rows against the primary's.
func (v *version) compare(x *Exchange, d decoded) {
	if v.comparison == nil {
		v.comparison = &comparison{}
	}
	if len(x.Primary.Bytes) == 0 && !x.Failed {
		return // nothing to compare with
	}
	v.comparison.shadow.compare(d.out, d.primary, &v.m.o)
}

// summary is a snapshot; nil where the version never was a shadow.
func (c *comparison) summary() *Comparison {
	if c == nil {
		return nil
	}
	g := &c.shadow
	return &Comparison{
		Compared: g.compared, Disagreed: g.disagreed, Ratio: ratio(g.disagreed, g.compared), Unmatched: g.unmatched,
		Outputs: g.shown(),
	}
}

// restored is the comparison of a saved summary; nil where answers would be compared
// by other tolerances now, so that it starts anew.
func (o *Options) restored(s *Comparison) *comparison {
	if s == nil {
		return nil
	}
	c := &comparison{}
	g := &c.shadow
	g.compared, g.disagreed, g.unmatched = s.Compared, s.Disagreed, s.Unmatched
	for _, out := range s.Outputs {
		if now, _ := o.tolerance(out.Name); now != out.Tolerance {
			return nil
		}
		if k := g.output(len(g.outputs), out.Name, out.Tolerance, o.MaxFeatures); k >= 0 {
			g.outputs[k] = out
		}
	}
	return c
}
