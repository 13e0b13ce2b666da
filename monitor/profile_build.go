package monitor

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/weir-gateway/weir/monitor/tabular"
)

// ProfileOptions say how BuildProfile reads a table.
type ProfileOptions struct {
	Source      string            // kept in the profile, for people
	Outputs     []string          // columns that the model answers with; the others are inputs
	Ignore      []string          // columns to leave out
	Categorical []string          // columns of numbers that are names
	Text        []string          // columns of text that is described by numbers, see Derivation
	Embeddings  []string          // columns of lists of numbers, as JSON, likewise
	Slices      []string          // columns of inputs whose values get a reference of their own, the first 8 of each
	Columns     map[string]string // column → feature name, where they differ
	Missing     []string          // texts that mean missing; default "", NA, N/A, NaN, nan, null, NULL, None
	Delimiter   rune              // default ','
	Now         func() time.Time  // default time.Now
}

// BuildProfile reads a table, CSV with a header row or Parquet, one row at a time, and infers
// the kind of every column: numeric when at most 1 % of its values are not numbers,
// and categorical otherwise or when it is an output of at most 16 different whole
// numbers. true and false are 1 and 0, as they are when a model is called. Memory
// is at most about 1 MiB a column, whatever the number of rows.
func BuildProfile(table io.Reader, o ProfileOptions) (*Profile, error) {
	r, err := tabular.Open(table, tabular.Options{Delimiter: o.Delimiter, Lists: o.Embeddings})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProfile, err)
	}
	columns, err := o.columns(r.Names())
	if err != nil {
		return nil, err
	}
	if err := r.Only(func(i int) bool { return columns[i] != nil }); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProfile, err)
	}
	parts, err := o.parts(r.Names(), columns)
	if err != nil {
		return nil, err
	}
	rows, err := readRows(r, columns, parts, tabular.Missing(o.Missing))
	if err != nil {
		return nil, err
	}
	if rows == 0 {
		return nil, fmt.Errorf("%w: the table has no rows below its header", ErrProfile)
	}
	return o.profile(columns, parts, rows)
}

func readRows(r *tabular.Rows, columns []columnBuilder, parts []*partBuilder, missing map[string]bool) (rows uint64, err error) {
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r.Row(), nil
		}
		if err != nil {
			return 0, fmt.Errorf("%w: %w", ErrProfile, err)
		}
		for i, c := range columns {
			if c != nil {
				c.add(record[i], missing)
			}
		}
		for _, p := range parts {
			p.add(record, missing)
		}
	}
}

func (o *ProfileOptions) profile(columns []columnBuilder, parts []*partBuilder, rows uint64) (*Profile, error) {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	p := &Profile{Format: profileFormat, Source: o.Source, Created: now().UTC(), Rows: rows}
	for _, c := range columns {
		if c == nil {
			continue
		}
		p.Features = append(p.Features, c.features()...)
		if d := c.derivation(); d != nil {
			if d.Kind == derivedEmbedding && d.Dims == 0 {
				return nil, fmt.Errorf("%w: column %q has no list of numbers: write embeddings as JSON, such as [0.1, -0.2]", ErrProfile, d.Column)
			}
			p.Derived = append(p.Derived, *d)
		}
	}
	inputsFirst(p.Features)
	for _, part := range parts {
		p.Slices = append(p.Slices, part.slices(p.Features)...)
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return p, nil
}

// inputsFirst keeps the order of the columns otherwise.
func inputsFirst(features []ProfileFeature) {
	slices.SortStableFunc(features, func(a, b ProfileFeature) int { return strings.Compare(a.Role, b.Role) })
}

// columns makes a builder for every column that is not ignored, nil for the others.
func (o *ProfileOptions) columns(header []string) ([]columnBuilder, error) {
	named := slices.Concat(o.Outputs, o.Ignore, o.Categorical, o.Text, o.Embeddings, o.Slices)
	for name := range o.Columns {
		named = append(named, name)
	}
	for _, name := range named {
		if !slices.Contains(header, name) {
			return nil, fmt.Errorf("%w: there is no column %q: the table has %s", ErrProfile, name, strings.Join(header, ", "))
		}
	}
	columns := make([]columnBuilder, len(header))
	for i, name := range header {
		if slices.Contains(o.Ignore, name) {
			continue
		}
		c, err := o.column(name, uint64(i))
		if err != nil {
			return nil, err
		}
		columns[i] = c
	}
	return columns, nil
}

// column makes the builder of one column.
func (o *ProfileOptions) column(column string, seed uint64) (columnBuilder, error) {
	name, role := column, roleInput
	if renamed, ok := o.Columns[column]; ok {
		name = renamed
	}
	if slices.Contains(o.Outputs, column) {
		role = roleOutput
	}
	categorical, text := slices.Contains(o.Categorical, column), slices.Contains(o.Text, column)
	embedding := slices.Contains(o.Embeddings, column)
	switch {
	case categorical && text || text && embedding || embedding && categorical:
		return nil, fmt.Errorf("%w: column %q is two of a category, a text and an embedding: name it once", ErrProfile, column)
	case text:
		return newDerivedBuilder(newDerivedColumn(Derivation{Column: name, Role: role, Kind: derivedText}), seed), nil
	case embedding:
		of := newEmbedding(name, role, 0)
		of.names = append(of.names, name+centerSuffix) // has values in a table of more than centerRows
		b := newDerivedBuilder(of, seed)
		b.mean = &firstMean{}
		return b, nil
	}
	c := newValueBuilder(name, seed)
	c.role, c.categorical = role, categorical
	return c, nil
}
