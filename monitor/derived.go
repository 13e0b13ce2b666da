package monitor

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/weir-gateway/weir/monitor/describe"
)

// Kinds of a Derivation.
const (
	derivedText      = "text"
	derivedEmbedding = "embedding"
)

const (
	// directions is how many random directions an embedding is projected on.
	directions = 8
	// directionSeed is what they are made from, where no profile says otherwise: the
	// same everywhere, so that profiles of different versions can be compared.
	directionSeed = 1
)

// Derivation says that a column is no feature itself: features are made of it, numbers
// named column.length, column.words, … of a text, column.norm, column.p1, … of an
// embedding (package describe). It stands in the profile, so that reference and serving
// make the same.
type Derivation struct {
	Column     string `json:"column"` // of an embedding: its elements are column[0], column[1], …
	Role       string `json:"role"`
	Kind       string `json:"kind"`                 // text or embedding
	Dims       int    `json:"dims,omitempty"`       // of an embedding
	Directions int    `json:"directions,omitempty"` // that it is projected on
	Seed       uint64 `json:"seed,omitempty"`       // of the directions
	// Center is a direction more: that of the mean of the table's first vectors. None
	// where there was no table, or too small a one.
	Center []float64 `json:"center,omitempty"`
}

// derivedColumn is a Derivation made ready.
type derivedColumn struct {
	Derivation
	names      []string // of the features
	projection *describe.Projection
}

// derivedAs is what a derived feature is to its column.
type derivedAs struct {
	derived bool
	first   bool // counts for all that the column is missing or of another type
	whole   bool // is a whole number by its meaning and not by chance
}

func newDerivedColumn(d Derivation) *derivedColumn {
	c := &derivedColumn{Derivation: d}
	var names []string
	if d.Kind == derivedText {
		of := describe.TextNames()
		names = of[:]
	} else {
		names = describe.NewProjection(describe.MinDims, d.Directions, 0).Names()
	}
	for _, name := range names {
		c.names = append(c.names, d.Column+"."+name)
	}
	if len(d.Center) > 0 {
		c.names = append(c.names, d.Column+centerSuffix)
	}
	return c
}

// centerSuffix names the component along Derivation.Center, the last number.
const centerSuffix = ".center"

func newEmbedding(column, role string, dims int) *derivedColumn {
	return newDerivedColumn(Derivation{
		Column: column, Role: role, Kind: derivedEmbedding, Dims: dims, Directions: directions, Seed: directionSeed,
	})
}

// as says what the i-th name is.
func (c *derivedColumn) as(i int) derivedAs {
	return derivedAs{derived: true, first: i == 0, whole: c.Kind == derivedText && i < 2}
}

// text writes the numbers of a text; false: it has none.
func (c *derivedColumn) text(text []byte, out []float64) bool {
	return describe.Text(text, (*[describe.TextNumbers]float64)(out))
}

// project writes the numbers of a vector; false: it has other dimensions or no numbers.
func (c *derivedColumn) project(v, out []float64) bool {
	if c.projection == nil {
		c.projection = describe.NewProjection(c.Dims, c.Directions, c.Seed)
	}
	n := c.projection.Numbers()
	if !c.projection.Of(v, out[:n]) {
		return false
	}
	if len(c.Center) == 0 {
		return true
	}
	sum := 0.0
	for i, x := range v {
		sum += float64(x * c.Center[i])
	}
	out[n] = sum
	return !math.IsInf(sum, 0) && !math.IsNaN(sum)
}

// derivedNames is what the features of all derivations of a role are.
func derivedNames(of []*derivedColumn) map[string]derivedAs {
	names := map[string]derivedAs{}
	for _, c := range of {
		for i, name := range c.names {
			names[name] = c.as(i)
		}
	}
	return names
}

// derivations are those of a role: a profile's, and what Options say of other columns.
func (m *Monitor) derivations(r *reference, role string) (of []*derivedColumn) {
	if r != nil {
		of = r.profile.derivations(role)
	}
	known := func(column string) bool {
		return slices.ContainsFunc(of, func(c *derivedColumn) bool { return c.Column == column })
	}
	for _, column := range m.o.Text {
		if !known(column) {
			of = append(of, newDerivedColumn(Derivation{Column: column, Role: role, Kind: derivedText}))
		}
	}
	for _, column := range slices.Sorted(maps.Keys(m.o.Embeddings)) {
		if !known(column) {
			of = append(of, newEmbedding(column, role, m.o.Embeddings[column]))
		}
	}
	return of
}

func (p *Profile) derivations(role string) (of []*derivedColumn) {
	for _, d := range p.Derived {
		if d.Role == role {
			of = append(of, newDerivedColumn(d))
		}
	}
	return of
}

func (p *Profile) validateDerived() error {
	for i, d := range p.Derived {
		if err := d.validate(p.Derived[:i]); err != nil {
			return fmt.Errorf("%w: derived[%d] %q: %w: %s", ErrProfile, i, d.Column, err, rebuild)
		}
		for _, name := range newDerivedColumn(d).names {
			if slices.ContainsFunc(p.Features, func(f ProfileFeature) bool { return f.Name == name && f.Role == d.Role && f.Numeric == nil }) {
				return fmt.Errorf("%w: feature %q is %s, and numbers of %q are called so: %s", ErrProfile, name, kindCategorical, d.Column, rebuild)
			}
		}
	}
	return nil
}

func (d *Derivation) validate(before []Derivation) error {
	switch {
	case d.Column == "":
		return errors.New("column is empty")
	case d.Role != roleInput && d.Role != roleOutput:
		return fmt.Errorf("role is %q, want %s or %s", d.Role, roleInput, roleOutput)
	case slices.ContainsFunc(before, func(o Derivation) bool { return o.Column == d.Column && o.Role == d.Role }):
		return errors.New("is there twice")
	case d.Kind == derivedText && d.Dims == 0 && d.Directions == 0 && d.Seed == 0 && d.Center == nil:
		return nil
	case d.Kind != derivedEmbedding:
		return fmt.Errorf("kind is %q, want %s, or %s with dims, directions and seed", d.Kind, derivedText, derivedEmbedding)
	case d.Dims < describe.MinDims || d.Dims > describe.MaxDims:
		return fmt.Errorf("dims is %d, want %d to %d", d.Dims, describe.MinDims, describe.MaxDims)
	case d.Directions < 1 || d.Directions > describe.MaxDirections:
		return fmt.Errorf("directions is %d, want 1 to %d", d.Directions, describe.MaxDirections)
	case len(d.Center) != 0 && len(d.Center) != d.Dims:
		return fmt.Errorf("center has %d numbers, want %d or none", len(d.Center), d.Dims)
	}
	return nil
}
