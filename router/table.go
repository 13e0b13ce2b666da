package router

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weir-gateway/weir/registry"
)

// maxShadows is how many shadows a model may have: Decision.Shadows has 64 bits.
const maxShadows = 64

// Spec is what one model's route is compiled from.
type Spec struct {
	Model    string
	Prefix   string // path prefix, e.g. /v2/models/flights
	Assign   Assign
	Pin      string
	Noise    float64           // share of the copied requests that the answering version gets a second time; 0: none
	Traffic  *registry.Traffic // nil: the model is known but has no traffic yet
	Versions []registry.Version
}

// Table holds the routes of all models. It is immutable and safe for concurrent use.
type Table struct {
	routes   []*Route
	byModel  map[string]*Route
	byPrefix map[string]*Route
	lengths  []int // the distinct lengths of the prefixes, longest first
	versions int
}

// Routes returns all routes, by Route.Index. The slice must not be changed.
func (t *Table) Routes() []*Route { return t.routes }

// Versions returns how many versions the table holds: one more than the largest
// Version.Index.
func (t *Table) Versions() int { return t.versions }

// Route returns the route of a model, nil if the table has none.
func (t *Table) Route(model string) *Route { return t.byModel[model] }

// Match returns the route with the longest prefix of path, nil if there is none.
// A prefix ends where a path segment or a TensorFlow Serving verb begins: at the
// end of the path, at '/' or at ':'. The path is taken as it came, without its
// query; it is the same bytes that are forwarded. Match does not allocate.
func (t *Table) Match(path []byte) *Route {
	for _, n := range t.lengths {
		if n > len(path) || n < len(path) && path[n] != '/' && path[n] != ':' {
			continue
		}
		if r := t.byPrefix[string(path[:n])]; r != nil {
			return r
		}
	}
	return nil
}

// Compile builds a table. It refuses what could not be routed: two models with
// one name or prefix, traffic that breaks the registry's rules, and versions
// that traffic names but the registry doesn't know. Errors name the model.
func Compile(specs []Spec) (*Table, error) {
	t := &Table{byModel: make(map[string]*Route, len(specs)), byPrefix: make(map[string]*Route, len(specs))}
	for _, spec := range specs {
		if err := t.add(spec); err != nil {
			return nil, fmt.Errorf("router: compile %s: %w", spec.Model, err)
		}
	}
	for prefix := range t.byPrefix {
		if !slices.Contains(t.lengths, len(prefix)) {
			t.lengths = append(t.lengths, len(prefix))
		}
	}
	slices.SortFunc(t.lengths, func(a, b int) int { return cmp.Compare(b, a) })
	return t, nil
}

func (t *Table) add(spec Spec) error {
	if t.byModel[spec.Model] != nil {
		return errors.New("the model is there twice")
	}
	if !strings.HasPrefix(spec.Prefix, "/") {
		return fmt.Errorf("the route's prefix %q must begin with a slash", spec.Prefix)
	}
	r := &Route{
		Model:  spec.Model,
		Prefix: strings.TrimRight(spec.Prefix, "/"),
		Assign: spec.Assign,
		Pin:    spec.Pin,
		Index:  len(t.routes),
	}
	if other := t.byPrefix[r.Prefix]; other != nil {
		return fmt.Errorf("its prefix %q is that of model %s", spec.Prefix, other.Model)
	}
	if spec.Traffic != nil {
		if err := t.addTraffic(r, spec); err != nil {
			return err
		}
	}
	t.routes = append(t.routes, r)
	t.byModel[r.Model] = r
	t.byPrefix[r.Prefix] = r
	return nil
}

func (t *Table) addTraffic(r *Route, spec Spec) error {
	traffic := spec.Traffic
	known := make(map[string]registry.Version, len(spec.Versions))
	for _, v := range spec.Versions {
		known[v.Version] = v
	}
	if err := traffic.Validate(known); err != nil {
		return err
	}
	if len(traffic.Shadows) > maxShadows {
		return fmt.Errorf("%d shadows: at most %d are possible", len(traffic.Shadows), maxShadows)
	}
	r.Generation = traffic.Generation

	compiled := make(map[string]*Version, len(known))
	version := func(name string) *Version {
		v := compiled[name]
		if v == nil {
			v = &Version{Model: r.Model, Name: name, Endpoints: slices.Clone(known[name].Endpoints), Index: t.versions}
			t.versions++
			compiled[name] = v
			r.Versions = append(r.Versions, v)
		}
		return v
	}
	r.Stable = version(traffic.Stable)

	arms := make([]weighted, 0, len(traffic.Arms))
	for _, a := range traffic.Arms {
		arms = append(arms, weighted{version(a.Version), a.Weight})
	}
	slices.SortFunc(arms, func(a, b weighted) int {
		if (a.version == r.Stable) != (b.version == r.Stable) {
			if a.version == r.Stable {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.version.Name, b.version.Name)
	})
	r.split = newSplit(arms)

	for _, s := range traffic.Shadows {
		v := version(s.Version)
		r.Shadows = append(r.Shadows, Shadow{Version: v, draw: sampleDraw(salt("shadow", v), s.Sample)})
	}
	for _, name := range traffic.Standby {
		version(name)
	}
	if spec.Noise > 0 {
		r.noise = sampleDraw(salt("noise", r.Stable), spec.Noise)
	}
	if r.Pin != "" {
		r.pinnable = pinnable(compiled, traffic)
	}
	return nil
}

// pinnable returns the versions that a client may ask for by name: arms and
// standby versions. Not arms of weight 0, which get no request whoever asks, and
// not shadows, whose answers to copies never reach a client, but where they are
// on standby by name: a rollout's candidate can then be looked at.
func pinnable(compiled map[string]*Version, traffic *registry.Traffic) map[string]*Version {
	pin := make(map[string]*Version, len(compiled))
	maps.Copy(pin, compiled)
	for _, a := range traffic.Arms {
		if a.Weight == 0 {
			delete(pin, a.Version)
		}
	}
	for _, s := range traffic.Shadows {
		if !slices.Contains(traffic.Standby, s.Version) {
			delete(pin, s.Version)
		}
	}
	return pin
}
