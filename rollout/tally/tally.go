package tally

import (
	"sync/atomic"
	"time"

	"github.com/weir-gateway/weir/monitor/sketch"
	"github.com/weir-gateway/weir/rollout/judge"
)

// Tally counts one generation. All methods may be called concurrently, do not
// allocate, and block at most for a sample of a prediction. Methods of a nil
// Tally do nothing.
type Tally struct {
	route   Route
	since   time.Time
	learner *learner
	running *comparison // nil: nothing is compared, keys do not matter
	phase   int         // of the comparison, from 0

	inFlight [2]atomic.Int64
	overflow atomic.Int64
	keyed    atomic.Bool // a sticky key was counted
	requests [2]atomic.Int64
	strata   []*stratum
	// stratumOf tells, for keys last seen on the stable in an earlier phase,
	// where they count; 0: nowhere.
	stratumOf [lastPhase + 1]uint8
}

// stratum counts the units that had the same chance of the candidate.
//
// A request without a key and a key never seen get it with the share w. A key
// that was on the stable at an earlier share v is now on it with chance
// (w−v)/(1−v), because raising the share only adds keys. A key that had the
// candidate keeps it, which tells nothing. Counting every key once over the
// whole rollout instead would be as valid and would starve a service with few
// users after its first step.
type stratum struct {
	weight  float64
	units   [2]atomic.Int64
	errors  [2]atomic.Int64
	latency [2]sketch.Latency
	bins    [2][mostBins]atomic.Int64
	slices  sliceTable
	labels  *labelCounts // apart, so that whoever waits for a label does not hold the rest
}

// Observation is one finished request.
type Observation struct {
	Arm judge.Arm
	// Key is the hash of the sticky key that the version was chosen by; 0: drawn at random.
	Key     uint64
	Failed  bool // status ≥ 500, or no answer because of the upstream
	Latency time.Duration
}

// Unit says how a request was counted, to be handed to PredictNumber or
// PredictText with its first prediction. The zero Unit was not counted.
type Unit uint32

func newTally(b *Book, route Route) *Tally {
	t := &Tally{route: route, since: b.opts.Now().UTC().Round(0), learner: &b.learner, running: b.running}
	t.strata = []*stratum{newStratum(route.Weight)}
	if t.running == nil {
		return t
	}
	t.phase = len(t.running.weights) - 1
	index := map[float64]uint8{}
	for phase, v := range t.running.weights[:min(t.phase, lastPhase)] {
		if v >= route.Weight {
			continue
		}
		if index[v] == 0 {
			index[v] = uint8(len(t.strata))
			t.strata = append(t.strata, newStratum((route.Weight-v)/(1-v)))
		}
		t.stratumOf[phase] = index[v]
	}
	return t
}

func newStratum(weight float64) *stratum { return &stratum{weight: weight, labels: &labelCounts{}} }

// Begin counts a request of the arm as in flight.
func (t *Tally) Begin(arm judge.Arm) {
	if t != nil {
		t.inFlight[arm&1].Add(1)
	}
}

// Discard takes back a Begin without counting the request.
func (t *Tally) Discard(arm judge.Arm) {
	if t != nil {
		t.inFlight[arm&1].Add(-1)
	}
}

// Record counts a finished request.
//
// Fast path: five atomic additions, and for a sticky key one look into a table
// (BenchmarkRecord).
func (t *Tally) Record(o Observation) Unit {
	if t == nil {
		return 0
	}
	arm := o.Arm & 1
	t.inFlight[arm].Add(-1)
	t.requests[arm].Add(1)
	at, ok := t.place(o.Key, arm)
	if !ok {
		return 0
	}
	s := t.strata[at]
	s.units[arm].Add(1)
	if o.Failed {
		s.errors[arm].Add(1)
	}
	s.latency[arm].Observe(o.Latency)
	return Unit(uint32(at+1)<<1 | uint32(arm))
}

// place is the stratum of a request; not ok: it is not a unit.
func (t *Tally) place(key uint64, arm judge.Arm) (at int, ok bool) {
	if key == 0 || t.running == nil {
		return 0, true
	}
	if !t.keyed.Load() {
		t.keyed.Store(true)
	}
	if t.phase > lastPhase {
		t.overflow.Add(1)
		return 0, false
	}
	known, before, beforeArm := t.running.keys.see(key, t.phase, uint64(arm))
	switch known {
	case fresh:
		return 0, true
	case earlier:
		at = int(t.stratumOf[before])
		return at, at > 0 && beforeArm == uint64(judge.Stable)
	case full:
		t.overflow.Add(1)
	}
	return 0, false
}

// PredictNumber counts the numeric prediction of a unit: once a request, the
// first row. Rows of one request share its version, so they are one draw.
func (t *Tally) PredictNumber(u Unit, value float64, in ...Slice) {
	if t == nil || u == 0 {
		return
	}
	if bins := t.bins(); bins != nil && len(bins.Edges) > 0 {
		t.bin(u, numberBin(bins, value), in)
	} else if bins != nil {
		t.bin(u, len(bins.Classes), in) // a number among classes is another class
	}
	if u.arm() == judge.Stable {
		t.learner.number(value, t.running)
	}
}

// PredictText counts the class predicted for a unit: once a request, the first row.
func (t *Tally) PredictText(u Unit, class []byte, in ...Slice) {
	if t == nil || u == 0 {
		return
	}
	if bins := t.bins(); bins != nil && len(bins.Edges) > 0 {
		t.bin(u, len(bins.Edges), in)
	} else if bins != nil {
		t.bin(u, classBin(bins, class), in)
	}
	if u.arm() == judge.Stable {
		t.learner.class(class, t.running)
	}
}

func (u Unit) arm() judge.Arm { return judge.Arm(u & 1) }

// bins are those of the comparison; nil: none yet.
func (t *Tally) bins() *judge.Bins {
	if t.running == nil {
		return nil
	}
	return t.running.bins.Load()
}

func (t *Tally) bin(u Unit, bin int, in []Slice) {
	if at := int(u>>1) - 1; at < len(t.strata) {
		bin = min(bin, mostBins-1)
		t.strata[at].bins[u.arm()][bin].Add(1)
		for _, s := range in {
			if c := t.strata[at].slices.find(s); c != nil {
				c.bins[u.arm()][bin].Add(1)
			}
		}
	}
}

// phases are the counts by stratum.
func (t *Tally) phases() []judge.Phase {
	phases := make([]judge.Phase, len(t.strata))
	for i, s := range t.strata {
		phases[i] = judge.Phase{
			Generation: t.route.Generation, Since: t.since, Stratum: i,
			Stable: t.route.Stable, Candidate: t.route.Candidate, Weight: s.weight, Bins: t.bins(), Keyed: t.keyed.Load(),
		}
		s.read(&phases[i])
		phases[i].Counts.Labels = s.labels.read()
		phases[i].Counts.Slices = t.readSlices(s, phases[i].Bins)
	}
	counts := &phases[0].Counts
	counts.Overflow = t.overflow.Load()
	for arm := range 2 {
		counts.Requests[arm] = t.requests[arm].Load()
		counts.InFlight[arm] = max(t.inFlight[arm].Load(), 0)
	}
	return phases
}

func (s *stratum) read(phase *judge.Phase) {
	counts := &phase.Counts
	for arm := range 2 {
		// Errors first: a unit counted in between shows as no failure yet,
		// rather than as a failure of nothing.
		counts.Errors[arm] = s.errors[arm].Load()
		counts.Units[arm] = s.units[arm].Load()
		var h judge.Histogram
		s.latency[arm].Snapshot(&h.LatencyCounts)
		if h.Total > 0 {
			counts.Latency[arm] = &h
		}
		if phase.Bins != nil {
			counts.Predictions[arm] = make([]int64, len(phase.Bins.Expected))
			for i := range counts.Predictions[arm] {
				counts.Predictions[arm][i] = s.bins[arm][i].Load()
			}
		}
	}
}
