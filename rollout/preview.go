package rollout

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// preview is the stage before the first step.
const preview = -1

// Preview is the stage before the first step: the candidate is connected and
// on standby. It answers nobody but who asks for it by a pin.
type Preview struct {
	MinTime time.Duration `json:"min_time,omitempty"`
	// MinRequests to the stable version in this stage: its failures in them are
	// what the failures after a switch are judged by.
	MinRequests int64 `json:"min_requests,omitempty"`
	Approve     bool  `json:"approve,omitempty"` // a person must say yes before the stage is left
}

// Previewed is what the stage before the first step has seen.
type Previewed struct {
	Healthy   int   `json:"healthy"`   // of the candidate's endpoints, seen from the gateway that runs the walk
	Endpoints int   `json:"endpoints"` // of the candidate
	Requests  int64 `json:"requests"`  // to the stable version
}

// ShadowStage asks for copies to the candidate in the preview, and says how
// many of its answers may differ from the ones that clients got.
type ShadowStage struct {
	Sample          float64 `json:"sample"`              // share of the requests copied, in (0, 1]; 0: no copies
	MinPairs        int64   `json:"min_pairs,omitempty"` // compared
	MaxDisagreement float64 `json:"max_disagreement"`    // share, in (0, 1)
}

// hasPreview tells whether the walk begins with that stage.
func (p *Plan) hasPreview() bool { return p.Strategy == BlueGreen || p.Shadow.Sample != 0 }

func (p *Plan) validatePreview() error {
	if p.Preview.MinTime < 0 || p.Preview.MinRequests < 0 {
		return invalid("preview", "min_time and min_requests cannot be negative")
	}
	s := p.Shadow
	switch {
	case s.Sample == 0:
		return nil
	case !(s.Sample > 0 && s.Sample <= 1):
		return invalid("shadow.sample", "%v is outside the range above 0 up to 1", s.Sample)
	case s.MinPairs < 0:
		return invalid("shadow.min_pairs", "cannot be negative")
	case !(s.MaxDisagreement > 0 && s.MaxDisagreement < 1):
		return invalid("shadow.max_disagreement", "%v is outside the range 0 to 1, such as 0.1; without an allowance nothing could ever be proven good", s.MaxDisagreement)
	}
	return nil
}

// previewMissing lists the conditions of the stage that are not met.
func (r *Rollout) previewMissing(now time.Time) []string {
	var missing []string
	seen, want := &r.Previewed, &r.Plan.Preview
	if seen.Healthy == 0 {
		missing = append(missing, r.unhealthy())
	}
	if spent := now.Sub(r.StepStarted); spent < want.MinTime {
		missing = append(missing, fmt.Sprintf("time on standby: %s of %s", text(spent.Truncate(time.Second)), text(want.MinTime)))
	}
	if seen.Requests < want.MinRequests {
		missing = append(missing, fmt.Sprintf("requests to %s, to know its failures by: %d of %d", r.Stable, seen.Requests, want.MinRequests))
	}
	for i := range r.Verdicts {
		if v := &r.Verdicts[i]; v.Outcome != judge.Pass {
			missing = append(missing, v.Words)
		}
	}
	return missing
}

// JudgePairs weighs the copies' answers; nil where the plan asks for none.
func (l *Ledger) JudgePairs(plan *Plan) []judge.Verdict {
	if plan.Shadow.Sample == 0 {
		return nil
	}
	d := judge.Disagreement{
		Max: plan.Shadow.MaxDisagreement, MinPairs: plan.Shadow.MinPairs, Pairs: l.Pairs,
		FailLevel: plan.FalseAlarm / float64(plan.shares()), PassLevel: PassLevel,
	}
	return []judge.Verdict{d.Judge()}
}

// absorbPairs books what was compared since the last time.
func (l *Ledger) absorbPairs(now judge.Pairs) {
	var seen judge.Pairs
	if at := slices.IndexFunc(l.PairsBooked, func(p judge.Pairs) bool { return p.Since.Equal(now.Since) }); at >= 0 {
		seen = l.PairsBooked[at] // also where another process has led meanwhile
		l.PairsBooked = slices.Delete(l.PairsBooked, at, at+1)
	}
	l.PairsBooked = append(l.PairsBooked, now)
	l.PairsBooked = l.PairsBooked[max(len(l.PairsBooked)-mostSeen, 0):]
	l.Pairs.Compared += max(now.Compared-seen.Compared, 0)
	l.Pairs.Disagreed += max(now.Disagreed-seen.Disagreed, 0)
}

func (r *Rollout) unhealthy() string {
	return fmt.Sprintf("a healthy endpoint of %s: 0 of %d", r.Candidate, r.Previewed.Endpoints)
}

// standby puts the candidate among what is kept connected, and asks for copies
// where the plan does. A shadow that is on standby by name can be pinned, too.
func (r *Rollout) standby(now registry.Traffic, next *registry.Traffic) {
	next.Standby = []string{r.Candidate}
	for _, version := range registry.Standby(now, *next) {
		if !slices.Contains(next.Standby, version) {
			next.Standby = append(next.Standby, version)
		}
	}
	if sample := r.Plan.Shadow.Sample; sample > 0 {
		next.Shadows = append(next.Shadows, registry.Shadow{Version: r.Candidate, Sample: sample})
	}
}

type (
	previewFields Preview
	previewJSON   struct {
		previewFields
		MinTime text `json:"min_time,omitzero"`
	}
)

// MarshalJSON writes the duration as text.
func (p Preview) MarshalJSON() ([]byte, error) {
	return json.Marshal(previewJSON{previewFields(p), text(p.MinTime)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Preview) UnmarshalJSON(data []byte) error {
	var doc previewJSON
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	*p = Preview(doc.previewFields)
	p.MinTime = time.Duration(doc.MinTime)
	return nil
}

// pairWords say what the copies have proven, for the history.
func (r *Rollout) pairWords() string {
	if len(r.Verdicts) == 0 {
		return ""
	}
	return ", " + r.Verdicts[0].Words
}
