package judge

import (
	"slices"
	"time"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// Arm is one of the two sides that are compared.
type Arm uint8

// The two arms, as indices into the pairs of [Counts].
const (
	Stable Arm = iota
	Candidate
)

// String is "stable" or "candidate".
func (a Arm) String() string {
	if a == Candidate {
		return "candidate"
	}
	return "stable"
}

// Counts are sums over units, a pair [Stable, Candidate] each. They add and
// subtract, so counts of several replicas merge.
type Counts struct {
	Requests [2]int64 `json:"requests"` // all requests, repeats of a sticky key included
	Units    [2]int64 `json:"units"`    // independent draws: requests without a key, and first requests of a key
	Errors   [2]int64 `json:"errors"`   // units that failed
	InFlight [2]int64 `json:"-"`        // begun and not finished; a gauge, not a sum
	// Overflow counts keyed requests that were left out because the set of
	// keys was full.
	Overflow int64 `json:"overflow,omitempty"`
	// Latency of units, failed or not; nil where none was recorded. Batches
	// have tails instead.
	Latency [2]*Histogram `json:"latency,omitzero"`
	// Predictions of units by bin of the phase's [Bins]; nil until bins exist.
	Predictions [2][]int64 `json:"predictions,omitzero"`
	// Labels are what labels have said about units so far.
	Labels Labels `json:"labels,omitzero"`
	// Slices are the same counts by the values of slice fields.
	Slices Slices `json:"slices,omitempty"`
}

// Bins are the classes or the intervals by which predictions are counted. They
// are fixed before the predictions that they count.
type Bins struct {
	// Classes: bin i counts predictions equal to Classes[i], one more bin the
	// rest. Empty for numbers.
	Classes []string `json:"classes,omitempty"`
	// Edges, increasing: bin i counts predictions in (Edges[i−1], Edges[i]],
	// one more bin those above.
	Edges []float64 `json:"edges,omitempty"`
	// Expected is the share of the stable's predictions in each bin when the
	// bins were fixed; it centres the test and need not be accurate.
	Expected []float64 `json:"expected"`
}

// Equal reports whether both count alike.
func (b *Bins) Equal(other *Bins) bool {
	if b == nil || other == nil {
		return b == other
	}
	return slices.Equal(b.Classes, other.Classes) && slices.Equal(b.Edges, other.Edges) && slices.Equal(b.Expected, other.Expected)
}

// Phase are the counts so far of one draw with a constant share: one generation
// of the traffic, or the part of it that had another assignment before.
type Phase struct {
	Generation uint64 `json:"generation"`
	// Process counted it, where several gateways do; what one counts only grows.
	Process   string    `json:"process,omitempty"`
	Since     time.Time `json:"since"`   // when counting began; another one means that the counts began anew
	Stratum   int       `json:"stratum"` // 0: units not seen before; else keys that were last stable in an earlier phase
	Stable    string    `json:"stable"`
	Candidate string    `json:"candidate,omitempty"` // empty: nothing is compared, the weight is 0
	Weight    float64   `json:"weight"`              // probability of the candidate for a unit of this phase, in [0, 1]
	Bins      *Bins     `json:"bins,omitempty"`      // nil: not fixed yet
	// Keyed: some units are sticky keys, each counted once by a process. Two
	// processes may both have counted a key, which has one draw.
	Keyed  bool   `json:"keyed,omitempty"`
	Counts Counts `json:"counts"`
}

// Batch are counts that are judged together. What the tests use besides them
// (Weight, Slow, Bins) was fixed before any of them was made.
type Batch struct {
	Generation uint64 `json:"generation"`
	// Start numbers the batches of a rollout from 1 and is what the weight of
	// a bet beginning here follows from.
	Start  int     `json:"start"`
	Weight float64 `json:"weight"`
	// Tails are, for every latency guardrail in order, the slow units.
	Tails []Tail `json:"tails,omitempty"`
	Bins  *Bins  `json:"bins,omitempty"`
	// Centre of the test of quality: about the stable's share of wrong
	// predictions before. It need not be accurate.
	Centre float64 `json:"centre,omitempty"`
	Counts Counts  `json:"counts"`
}

// Histogram is [sketch.LatencyCounts], in JSON as the non-empty buckets only.
type Histogram struct{ sketch.LatencyCounts }
