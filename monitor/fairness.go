package monitor

import (
	"bytes"
	"slices"

	"github.com/weir-gateway/weir/monitor/sequential"
	"github.com/weir-gateway/weir/monitor/sketch"
	"github.com/weir-gateway/weir/protocol"
)

// fairnessLevel is the chance that the bounds of a field's gap, or of any of its
// rates, are ever wrong.
const fairnessLevel = 0.05

// leastShare of a field's observations is what a slice needs to count for the
// gap: one of 21 always has it.
const leastShare = 0.04

// metricPositiveRate is the only metric so far: others need labels.
const metricPositiveRate = "positive_rate"

// FairnessGap is how far apart the slices of a field are in a rate, since the version
// was first seen. Low and High bound the gap, and all rates with it, at the level
// 0.05, however often one looks.
type FairnessGap struct {
	Field   string         `json:"field"`
	Metric  string         `json:"metric"` // positive_rate
	Gap     float64        `json:"gap"`    // largest rate − smallest, of slices that are not few
	Low     float64        `json:"low"`
	High    float64        `json:"high"`
	Level   float64        `json:"level"`             // chance that low and high are ever wrong
	Between []string       `json:"between,omitempty"` // the values with the largest rate and the smallest; none where there are not two
	Slices  []FairnessRate `json:"slices"`            // by rate, the largest first
}

// FairnessRate is the rate of one slice.
type FairnessRate struct {
	Value        string  `json:"value"`
	Observations uint64  `json:"observations"`
	Rate         float64 `json:"rate"`
	Low          float64 `json:"low"`
	High         float64 `json:"high"`
	Few          bool    `json:"few,omitempty"` // less than 4 % of the observations: shown, but no part of the gap
}

// fairness are the positive rates of the slices of one field.
type fairness struct {
	dict  *sketch.Dictionary
	rates []sequential.Mean // by dictionary index
	// known: a positive prediction can be told from others; not: it can't.
	known, not bool
}

// fair counts the first output of each row under the row's slices.
func (v *version) fair(x *Exchange, d decoded, p *pass) {
	if d.out == nil || len(d.out.Columns) == 0 {
		return
	}
	if v.fairness == nil {
		v.fairness = make([]fairness, len(v.m.fields))
		for i := range v.fairness {
			v.fairness[i].dict = sketch.NewDictionary(nil, v.m.o.MaxSlices)
		}
	}
	for i, field := range v.m.fields {
		f := &v.fairness[i]
		var column *protocol.Column
		if field.header < 0 {
			if column = columnOf(d.in, field.name); column == nil || d.in.Rows != d.out.Rows {
				continue // no row has a value, or rows cannot be told apart
			}
		}
		for row := range d.out.Rows {
			positive, ok := f.positive(&d.out.Columns[0].Cells[row], v.m.o.Positive, p)
			if !ok {
				continue
			}
			var value []byte
			if column == nil {
				value = headerValue(x, field.header)
			} else if value = p.label(&column.Cells[row]); value == nil {
				value = []byte("(missing)")
			}
			f.observe(value, positive)
		}
	}
}

// columnOf finds a column by its name; nil: none has it.
func columnOf(b *protocol.Batch, name string) *protocol.Column {
	if b == nil {
		return nil
	}
	for k := range b.Columns {
		if b.Columns[k].Name == name {
			return &b.Columns[k]
		}
	}
	return nil
}

func (f *fairness) observe(value []byte, positive float64) {
	k := f.dict.Index(value)
	for len(f.rates) <= k {
		f.rates = append(f.rates, sequential.Mean{})
	}
	f.rates[k].Update(positive)
}

// positive is 1 for a positive prediction, 0 for another. Where no class is
// configured, a number from 0 to 1 stands for itself, a label or a probability, and
// the classes "1", "true", "yes" and "positive" are positive.
func (f *fairness) positive(c *protocol.Cell, class string, p *pass) (share float64, ok bool) {
	switch {
	case f.not || c.Kind != protocol.Number && c.Kind != protocol.Text:
		return 0, false
	case class != "":
		f.known = true
		return truth(string(p.label(c)) == class), true
	case c.Kind == protocol.Number:
		if !(c.Number >= 0 && c.Number <= 1) { // also NaN
			f.not, f.rates = true, nil // a regression, or classes of which none is known to be positive
			return 0, false
		}
		f.known = true
		return c.Number, true
	}
	for _, word := range [...]string{"1", "true", "yes", "positive"} {
		if bytes.EqualFold(c.Text, []byte(word)) {
			f.known = true
			return 1, true
		}
	}
	return 0, true
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// gaps are those of all fields whose rates are known.
func (v *version) gaps() (all []FairnessGap) {
	for i := range v.fairness {
		if f := &v.fairness[i]; f.known && !f.not {
			all = append(all, f.gap(v.m.fields[i].name, v.m.o.MaxSlices+1))
		}
	}
	return all
}

// gap bounds every rate at an even share of the level, so that all bounds hold
// together and the gap lies between what they allow, whichever two slices it is of.
func (f *fairness) gap(field string, places int) FairnessGap {
	out := FairnessGap{Field: field, Metric: metricPositiveRate, Level: fairnessLevel, High: 1, Slices: []FairnessRate{}}
	var all uint64
	for k := range f.rates {
		all += f.rates[k].Count()
	}
	var large []FairnessRate
	for k := range f.rates {
		m := &f.rates[k]
		if m.Count() == 0 {
			continue
		}
		r := FairnessRate{Value: f.dict.Name(k), Observations: m.Count(), Rate: m.Value()}
		r.Low, r.High = m.Bounds(fairnessLevel / float64(places))
		r.Few = float64(r.Observations) < leastShare*float64(all)
		out.Slices = append(out.Slices, r)
		if !r.Few {
			large = append(large, r)
		}
	}
	slices.SortStableFunc(out.Slices, byRate)
	if len(large) < 2 {
		return out
	}
	slices.SortStableFunc(large, byRate)
	first, last := large[0], large[len(large)-1]
	out.Gap, out.Between = first.Rate-last.Rate, []string{first.Value, last.Value}
	highest, lowest := first, last // bounds, each of whichever slice has it
	for _, r := range large {
		highest.Low, highest.High = max(highest.Low, r.Low), max(highest.High, r.High)
		lowest.Low, lowest.High = min(lowest.Low, r.Low), min(lowest.High, r.High)
	}
	out.Low, out.High = max(highest.Low-lowest.High, 0), highest.High-lowest.Low
	return out
}

// byRate sorts the largest first.
func byRate(a, b FairnessRate) int {
	switch {
	case a.Rate > b.Rate:
		return -1
	case a.Rate < b.Rate:
		return 1
	default:
		return 0
	}
}
