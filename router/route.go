package router

// Version is one version of a model as the data plane sees it. It lives as long
// as its [Table].
type Version struct {
	Model     string
	Name      string
	Endpoints []string
	// Index is dense over the table, from 0 to Table.Versions()-1, so that
	// whoever keeps something for each version can do so in a slice.
	Index int
}

// AssignKind says where the key of a sticky assignment stands.
type AssignKind uint8

// The places a sticky key may stand in.
const (
	AssignRandom AssignKind = iota // no key: every request is drawn afresh
	AssignHeader                   // a request header
	AssignCookie                   // a cookie
	AssignJSON                     // a field of the JSON body, as a dotted path
)

// Assign names the key by which a model's clients are assigned to arms.
type Assign struct {
	Kind AssignKind
	Name string
}

// Shadow is a version that gets copies of a share of a model's requests.
type Shadow struct {
	Version *Version
	draw    draw
}

// Route is the compiled traffic of one model. It is immutable.
type Route struct {
	Model      string
	Generation uint64 // of the traffic it was compiled from; 0 without traffic
	Prefix     string // path prefix, without a slash at its end
	Assign     Assign
	Pin        string // header by which a client may ask for a version; "" for none
	Index      int    // dense over the table
	Stable     *Version
	Shadows    []Shadow // at most 64: bit i of Decision.Shadows is Shadows[i]
	Versions   []*Version

	split    split
	noise    draw
	pinnable map[string]*Version
}

// Reason says how a decision came about.
type Reason uint8

// The reasons for a decision. With the last two there is no version.
const (
	Random     Reason = iota // drawn by weight, without a key
	Sticky                   // drawn by weight, from the client's key
	Pinned                   // the client asked for this version
	NoTraffic                // the model has no traffic yet
	UnknownPin               // the client asked for a version that takes none
)

func (r Reason) String() string {
	switch r {
	case Random:
		return "random"
	case Sticky:
		return "sticky"
	case Pinned:
		return "pinned"
	case NoTraffic:
		return "no-traffic"
	case UnknownPin:
		return "unknown-pin"
	}
	return "unknown"
}

// Query is what a decision depends on.
type Query struct {
	Key    uint64 // HashKey of the sticky key; 0 when the request has none
	Pin    []byte // the value of the pin header; empty when the request has none
	Random uint64 // 64 uniformly random bits
}

// Decision is the outcome of [Route.Decide].
type Decision struct {
	Version *Version // nil with NoTraffic and UnknownPin
	Reason  Reason
	Shadows uint64 // bit i: Route.Shadows[i] gets a copy
	Again   bool   // the version itself gets one too, for its own noise; never without a shadow
}

// Decide picks the version that answers a request and the shadows that get a
// copy of it. It neither allocates nor fails.
func (r *Route) Decide(q Query) Decision {
	if r.split.last == nil {
		return Decision{Reason: NoTraffic}
	}
	d := Decision{Shadows: r.sample(q.Random)}
	d.Again = d.Shadows != 0 && r.noise.hits(q.Random)
	// Slow path: a client that asks for a version by name.
	if len(q.Pin) > 0 && r.pinnable != nil {
		d.Version, d.Reason = r.pinnable[string(q.Pin)], Pinned
		if d.Version == nil {
			return Decision{Reason: UnknownPin}
		}
		for i := range r.Shadows {
			if r.Shadows[i].Version == d.Version {
				d.Shadows &^= 1 << i // it answers; a copy of its own would compare it with itself
			}
		}
		return d
	}
	// Fast path.
	if q.Key != 0 {
		d.Version, d.Reason = r.split.pick(q.Key), Sticky
		return d
	}
	d.Version = r.split.pick(q.Random)
	return d
}

func (r *Route) sample(random uint64) (mask uint64) {
	for i := range r.Shadows {
		if r.Shadows[i].draw.hits(random) {
			mask |= 1 << i
		}
	}
	return mask
}
