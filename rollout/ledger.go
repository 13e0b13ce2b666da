package rollout

import (
	"slices"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// cutEvery is how long a batch of counts stays open. Bets begin anew with each
// batch, so it is about how stale the evidence of a healthy past can get.
const cutEvery = time.Minute

// Ledger keeps the counts of a walk, cut into batches. It takes whole counts
// from the gateway and books the differences, so that counts which begin anew
// (a restart) are added to what was there.
type Ledger struct {
	// Pages are the batches compared, and Bake those at 100 %, by start.
	Pages []Page `json:"pages"`
	Bake  []Page `json:"bake,omitempty"`
	// Before are the stable's units and failures in the stage before the first
	// step.
	Before Failures `json:"before,omitzero"`
	// Pairs are the copies compared in that stage, PairsBooked what was booked last
	// of each process that counted, the latest at the end.
	Pairs       judge.Pairs   `json:"pairs,omitzero"`
	PairsBooked []judge.Pairs `json:"pairs_booked,omitempty"`
	// Seen is the state last booked of every phase.
	Seen []judge.Phase `json:"seen"`
	// Opened is when the newest batch was opened.
	Opened time.Time `json:"opened,omitzero"`
	// Newest is the latest generation compared.
	Newest uint64 `json:"newest"`
	// Latency over all that was compared, to be shown.
	Latency [2]*judge.Histogram `json:"latency,omitzero"`
	// Past and Present are the stable's latencies before the newest phase and
	// in it: what limits are taken from.
	Past    *judge.Histogram `json:"past,omitempty"`
	Present *judge.Histogram `json:"present,omitempty"`
	// Centre is that of tests of quality; 0: not known yet. See judge.Batch.
	Centre float64 `json:"centre,omitempty"`
	// SliceValues are, by field, the values that have counts of their own.
	SliceValues map[string][]string `json:"slice_values,omitempty"`
}

// Failures are some of a number of units.
type Failures struct {
	Units  int64 `json:"units"`
	Errors int64 `json:"errors"`
}

// Page is a batch and where its counts come from: phases of one generation and
// share, of all gateways that count by the same bins.
type Page struct {
	Stratum int         `json:"stratum"`
	Size    int         `json:"size"` // how many cuts it spans
	Closed  bool        `json:"closed,omitempty"`
	Batch   judge.Batch `json:"batch"`
}

// Absorb books what was counted since the last time.
func (l *Ledger) Absorb(now time.Time, r *Rollout, phases []judge.Phase) {
	if now.Sub(l.Opened) >= cutEvery || l.limitsKnown(r) {
		l.cut(now)
	}
	l.nobodyInFlight()
	for i := range phases {
		p := &phases[i]
		role := r.role(p)
		if role == unrelated {
			continue
		}
		l.keepSlices(r, p, role)
		delta := l.since(p)
		switch role {
		case before:
			l.Past = addHistogram(l.Past, delta.Latency[judge.Stable])
		case previewed:
			l.Before.Units += delta.Units[judge.Stable]
			l.Before.Errors += delta.Errors[judge.Stable]
			l.Past = addHistogram(l.Past, delta.Latency[judge.Stable])
		case compared:
			l.book(&l.Pages, now, r, p, &delta)
		case baked:
			l.book(&l.Bake, now, r, p, &delta)
		}
	}
	l.Pages, l.Bake = merge(l.Pages), merge(l.Bake)
	l.forget(phases)
}

// mostSeen phases are remembered besides those shown; a gateway shows its last few only.
const mostSeen = 32

// forget drops what only a phase that is still counting needs. Phases of the
// newest generation stay whole: those of another gateway may be away for a while.
func (l *Ledger) forget(phases []judge.Phase) {
	var gone []int
	for i := range l.Seen {
		if l.Seen[i].Generation < l.Newest {
			l.Seen[i].Counts.Slices = nil // most of what is kept; answers that come late are few
		}
		if slices.ContainsFunc(phases, func(p judge.Phase) bool { return samePhase(&p, &l.Seen[i]) }) {
			continue
		}
		gone = append(gone, i)
		if l.Seen[i].Generation < l.Newest {
			l.Seen[i].Counts.Latency = [2]*judge.Histogram{}
		}
	}
	for extra := len(gone) - mostSeen; extra > 0; extra-- {
		l.Seen = slices.Delete(l.Seen, gone[extra-1], gone[extra-1]+1)
	}
}

// forgotten tells that a phase which is back was no longer expected: what it has
// counted meanwhile can't be told from what is booked.
func forgotten(seen, p *judge.Phase) bool {
	none := [2]*judge.Histogram{}
	return seen.Counts.Units != [2]int64{} && seen.Counts.Latency == none && p.Counts.Latency != none
}

func samePhase(a, b *judge.Phase) bool {
	return a.Generation == b.Generation && a.Process == b.Process && a.Since.Equal(b.Since) && a.Stratum == b.Stratum
}

// role is what a phase means to a walk.
type role int

const (
	unrelated role = iota
	before         // the stable alone, before the walk
	previewed      // the stable alone, in the stage before the first step
	compared
	baked // the candidate alone, at 100 %
)

func (r *Rollout) role(p *judge.Phase) role {
	switch {
	case p.Candidate == r.Candidate && p.Stable == r.Stable && p.Generation > r.StartGeneration:
		return compared
	case p.Candidate == "" && p.Stable == r.Stable && p.Generation <= r.StartGeneration:
		return before
	case p.Candidate == "" && p.Stable == r.Stable:
		return previewed
	case p.Candidate == "" && p.Stable == r.Candidate && p.Generation > r.StartGeneration:
		return baked
	default:
		return unrelated
	}
}

// since is what a phase counted after it was last booked.
func (l *Ledger) since(p *judge.Phase) judge.Counts {
	delta := p.Counts.Clone()
	for i := range l.Seen {
		seen := &l.Seen[i]
		if !samePhase(seen, p) {
			continue
		}
		if p.Counts.Behind(&seen.Counts) || forgotten(seen, p) {
			return judge.Counts{} // part of it is missing for now; nothing is booked twice
		}
		delta.Subtract(&seen.Counts)
		if seen.Generation < l.Newest && seen.Counts.Slices == nil {
			delta.Slices = nil // forgotten
		}
		*seen = *p
		return delta
	}
	if !p.Counts.Empty() {
		l.Seen = append(l.Seen, *p)
	}
	return delta
}

// Judge weighs what is booked for a step forward; quick leaves out the intervals.
func (l *Ledger) Judge(r *Rollout, quick bool) []judge.Verdict {
	return judge.Judge(judge.Input{
		Guardrails: r.Plan.Guardrails, FalseAlarm: r.Plan.FalseAlarm, Shares: r.Plan.shares(), PassLevel: PassLevel,
		Next: share(r.Plan.next(r.Step)), Present: share(r.Weight), StepGeneration: r.StepGeneration,
		Batches: batches(l.Pages), Latency: l.Latency, Quick: quick,
	})
}

func share(w registry.Weight) float64 { return float64(w) / float64(registry.Full) }

// JudgeBake weighs errors at 100 % against those of the stable before; nil
// where no guardrail is about errors.
func (l *Ledger) JudgeBake(plan *Plan) []judge.Verdict {
	margin, ok := plan.errorMargin()
	if !ok {
		return nil
	}
	b := judge.Bake{Margin: margin, Level: plan.FalseAlarm / float64(plan.shares()), After: batches(l.Bake)}
	for i := range l.Pages {
		b.BeforeUnits += l.Pages[i].Batch.Counts.Units[judge.Stable]
		b.BeforeErrors += l.Pages[i].Batch.Counts.Errors[judge.Stable]
	}
	if plan.Strategy == BlueGreen { // nothing was compared
		b.BeforeUnits, b.BeforeErrors = l.Before.Units, l.Before.Errors
	}
	return []judge.Verdict{b.Judge()}
}

// requests counts those to an arm since a generation.
func (l *Ledger) requests(arm judge.Arm, generation uint64) int64 {
	var sum int64
	for i := range l.Seen {
		if l.Seen[i].Generation >= generation {
			sum += l.Seen[i].Counts.Requests[arm]
		}
	}
	return sum
}

func batches(pages []Page) []judge.Batch {
	all := make([]judge.Batch, len(pages))
	for i := range pages {
		all[i] = pages[i].Batch
	}
	return all
}

func addHistogram(sum, more *judge.Histogram) *judge.Histogram {
	if more == nil {
		return sum
	}
	total := &judge.Histogram{}
	if sum != nil {
		*total = *sum
	}
	total.Merge(&more.LatencyCounts)
	return total
}
