package rollout

import (
	"slices"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// Status is where a walk stands.
type Status string

// The statuses. The last three are final.
const (
	Running         Status = "running"
	Paused          Status = "paused"           // by a person; guardrails still go back unless automation is manual
	WaitingApproval Status = "waiting-approval" // all conditions of the step are met; a person must say yes
	Held            Status = "held"             // cannot decide, or may not act; a person must
	Baking          Status = "baking"           // at 100 %, the old stable on standby
	Promoted        Status = "promoted"
	RolledBack      Status = "rolled-back"
	Aborted         Status = "aborted" // by a person, or because somebody else changed the traffic
)

// Final reports whether the walk has ended.
func (s Status) Final() bool { return s == Promoted || s == RolledBack || s == Aborted }

// Rollout is one walk: its plan, where it stands, and why.
type Rollout struct {
	ID        string `json:"id"`
	Model     string `json:"model"`
	Stable    string `json:"stable"`
	Candidate string `json:"candidate"`
	Plan      Plan   `json:"plan"`
	By        string `json:"by"`
	Reason    string `json:"reason,omitempty"`

	Status Status `json:"status"`
	// Why says in a sentence why the walk is where it is.
	Why string `json:"why"`
	// Advice is what a person is asked to do; empty: nothing.
	Advice string `json:"advice,omitempty"`
	// HeldBy is why a held walk is: deadline, error, failed, hook. Empty: not held.
	HeldBy string `json:"held_by,omitempty"`
	// Step is the index in Plan.Steps; their number at 100 %, −1 before the first.
	Step   int             `json:"step"`
	Weight registry.Weight `json:"weight"` // the candidate's, now

	Started     time.Time `json:"started"`
	StepStarted time.Time `json:"step_started"`
	// DeadlineFrom is when the step's deadline began to run: at its start, or when a person resumed.
	DeadlineFrom time.Time `json:"deadline_from"`
	Ended        time.Time `json:"ended,omitzero"`

	// StartGeneration is the generation that a rollback restores,
	// StepGeneration the first at this step, Generation the latest that is the
	// walk's own.
	StartGeneration uint64 `json:"start_generation"`
	StepGeneration  uint64 `json:"step_generation"`
	Generation      uint64 `json:"generation"`

	Verdicts []judge.Verdict `json:"verdicts"`
	// Previewed is what the stage before the first step has seen.
	Previewed Previewed `json:"previewed,omitzero"`
	// Approved is a person's yes to a step that hooks are asked about, Gate what
	// they are asked, and Questions how many there were.
	Approved  *Approval `json:"approved,omitempty"`
	Gate      *Gate     `json:"gate,omitempty"`
	Questions int       `json:"questions,omitempty"`
	// Replicas are the gateways that the verdicts are made over; nil: one alone.
	Replicas *Replicas `json:"replicas,omitempty"`
	// CandidateRequests at this step.
	CandidateRequests int64 `json:"candidate_requests"`
	// Fault has the times of what made the walk go back.
	Fault *Fault `json:"fault,omitempty"`
	// Log lists what happened, oldest first, the latest 200 of all Entries.
	Log     []Entry `json:"log"`
	Entries int     `json:"entries"`
	// Ledger holds the counts behind the verdicts; dropped when the walk ends.
	Ledger *Ledger `json:"ledger,omitempty"`
}

// Replicas says over how many gateways a walk is judged.
type Replicas struct {
	Judged  int    `json:"judged"`             // whose counts are added up, this one's included
	Gone    int    `json:"gone,omitempty"`     // of them, that are not heard of any more; what they had counted stays
	LeftOut int    `json:"left_out,omitempty"` // further ones
	Why     string `json:"why,omitempty"`      // they are
}

// Fault has the times of a rollback. When the fault itself began, only whoever
// made it knows.
type Fault struct {
	DetectedAt time.Time `json:"detected_at"`         // first failing verdict
	DecidedAt  time.Time `json:"decided_at,omitzero"` // to go back; in manual a person's word
	AppliedAt  time.Time `json:"applied_at,omitzero"` // committed, and routed by this gateway
	CandidateN int64     `json:"candidate_requests"`  // at this step until detection
}

// Entry is one line of a walk's log.
type Entry struct {
	At         time.Time `json:"at"`
	Kind       Kind      `json:"kind"`
	By         string    `json:"by"`
	Words      string    `json:"words"`
	Generation uint64    `json:"generation,omitempty"` // that it made
	// Verdicts behind a decision.
	Verdicts []judge.Verdict `json:"verdicts,omitempty"`
}

// Kind is what a log entry is about.
type Kind string

// The kinds of log entries.
const (
	KindStarted  Kind = "started"
	KindStep     Kind = "step"     // the weight was raised
	KindWaiting  Kind = "waiting"  // for an approval
	KindHeld     Kind = "held"     // for a person
	KindPaused   Kind = "paused"   // by a person
	KindResumed  Kind = "resumed"  // by a person, or because the cause of a hold is gone
	KindApproved Kind = "approved" // by a person
	KindFailed   Kind = "failed"   // a guardrail did
	KindBaking   Kind = "baking"
	KindEnded    Kind = "ended" // promoted, rolled back or aborted: see the status
	KindNote     Kind = "note"
)

const mostEntries = 200

// note appends to the log. Only its newest entry keeps what was found in every
// slice, which can be 30 KB; the history has it of every change.
func (r *Rollout) note(e Entry) {
	if n := len(r.Log); n > 0 {
		r.Log[n-1].Verdicts = withoutSlices(r.Log[n-1].Verdicts)
	}
	r.Log = append(r.Log, e)
	r.Entries++
	if extra := len(r.Log) - mostEntries; extra > 0 {
		r.Log = append(r.Log[:0:0], r.Log[extra:]...)
	}
}

// withoutSlices leaves the verdicts that it is given as they are: others have them.
func withoutSlices(verdicts []judge.Verdict) []judge.Verdict {
	if !slices.ContainsFunc(verdicts, func(v judge.Verdict) bool { return len(v.Slices) > 0 }) {
		return verdicts
	}
	bare := slices.Clone(verdicts)
	for i := range bare {
		bare[i].Slices = nil
	}
	return bare
}
