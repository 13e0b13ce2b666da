package monitor

import (
	"errors"
	"fmt"
	"slices"

	"github.com/weir-gateway/weir/monitor/tabular"
)

// Bounds of the slices of a profile: each is as large as a profile without them.
const (
	maxProfileValues = 8 // of a field
	maxProfileSlices = 4 * maxProfileValues
)

// restOfSlices is what a dictionary calls its rest: several values, so no slice
// that a reference can be of.
const restOfSlices = "(other)"

// ProfileSlice is the reference of the rows with one value of a field.
type ProfileSlice struct {
	Field    string           `json:"field"`
	Value    string           `json:"value"` // as a category
	Rows     uint64           `json:"rows"`
	Features []ProfileFeature `json:"features"`
}

// partBuilder collects the slices of one field of a table: its first values.
// Which come first says nothing of which are frequent; a second pass over the
// table, which may be standard input, would.
type partBuilder struct {
	field   string
	column  int
	like    []columnBuilder // of the whole table
	values  []*profilePart
	scratch []byte
}

// profilePart is the rows with one value.
type profilePart struct {
	value   string
	rows    uint64
	columns []columnBuilder
}

func (o *ProfileOptions) parts(header []string, columns []columnBuilder) (parts []*partBuilder, err error) {
	if len(o.Slices) > maxProfileSlices/maxProfileValues {
		return nil, fmt.Errorf("%w: slices by %d columns; use at most %d", ErrProfile, len(o.Slices), maxProfileSlices/maxProfileValues)
	}
	for i, name := range o.Slices {
		at := slices.Index(header, name)
		field, role := "", ""
		if c := columns[at]; c != nil {
			field, role = c.column()
		}
		if role != roleInput || slices.Contains(o.Slices[:i], name) {
			return nil, fmt.Errorf("%w: slices by column %q, which is ignored, an output or named twice: name an input once", ErrProfile, name)
		}
		parts = append(parts, &partBuilder{field: field, column: at, like: columns})
	}
	return parts, nil
}

// add takes a row, where there is room for its value.
func (b *partBuilder) add(record []string, missing map[string]bool) {
	text := record[b.column]
	b.scratch = append(b.scratch[:0], "(missing)"...)
	if !missing[text] {
		x, number := tabular.Number(text)
		b.scratch = category(b.scratch[:0], text, x, number)
	}
	k := slices.IndexFunc(b.values, func(p *profilePart) bool { return p.value == string(b.scratch) })
	if k < 0 && (len(b.values) == maxProfileValues || string(b.scratch) == restOfSlices) {
		return
	}
	if k < 0 {
		k = len(b.values)
		p := &profilePart{value: string(b.scratch), columns: make([]columnBuilder, len(b.like))}
		for i, c := range b.like {
			if c != nil {
				p.columns[i] = c.another(uint64(k+1)<<32 | uint64(i))
			}
		}
		b.values = append(b.values, p)
	}
	p := b.values[k]
	p.rows++
	for i, c := range p.columns {
		if c != nil {
			c.add(record[i], missing)
		}
	}
}

// slices returns the parts that are large enough to have detectors. A column that is of
// another kind in a part than in the whole, such as one that is always missing
// there, is left out of it.
func (b *partBuilder) slices(whole []ProfileFeature) (all []ProfileSlice) {
	for _, p := range b.values {
		if p.rows < minReference {
			continue
		}
		s := ProfileSlice{Field: b.field, Value: p.value, Rows: p.rows}
		for _, c := range p.columns {
			if c == nil {
				continue
			}
			for _, f := range c.features() {
				if slices.ContainsFunc(whole, func(w ProfileFeature) bool { return w.Name == f.Name && w.Role == f.Role && w.Kind == f.Kind }) {
					s.Features = append(s.Features, f)
				}
			}
		}
		inputsFirst(s.Features)
		if len(s.Features) > 0 {
			all = append(all, s)
		}
	}
	return all
}

func (p *Profile) validateSlices() error {
	if len(p.Slices) > maxProfileSlices {
		return fmt.Errorf("%w: %d slices, at most %d: %s", ErrProfile, len(p.Slices), maxProfileSlices, rebuild)
	}
	for i := range p.Slices {
		s := &p.Slices[i]
		err := validateFeatures(s.Features)
		switch {
		case s.Field == "":
			err = errors.New("field is empty: " + rebuild)
		case s.Value == restOfSlices:
			err = errors.New("is the name of all values without room: remove it")
		case slices.ContainsFunc(p.Slices[:i], func(o ProfileSlice) bool { return o.Field == s.Field && o.Value == s.Value }):
			err = errors.New("is there twice: remove one of them")
		}
		if err != nil {
			return fmt.Errorf("%w: slices[%d] %s=%s: %w", ErrProfile, i, s.Field, s.Value, err)
		}
	}
	return nil
}

// profile is the slice as a profile of its own.
func (s *ProfileSlice) profile(whole *Profile) *Profile {
	return &Profile{Format: profileFormat, Source: whole.Source, Created: whole.Created, Rows: s.Rows, Derived: whole.Derived, Features: s.Features}
}
