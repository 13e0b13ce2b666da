package rollout

import (
	"encoding/json"
	"time"

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
	// Step is the index in Plan.Steps; len(Plan.Steps) at 100 %, −1 before the first.
	Step int `json:"step"`

	Started     time.Time `json:"started"`
	StepStarted time.Time `json:"step_started"`
	// DeadlineFrom is when the step's deadline began to run: at its start, or when a person resumed.
	DeadlineFrom time.Time `json:"deadline_from"`
	Ended        time.Time `json:"ended,omitzero"`

	// StartGeneration is the generation that a rollback restores; Generation
	// the latest that is the walk's own.
	StartGeneration uint64 `json:"start_generation"`
	Generation      uint64 `json:"generation"`

	Verdicts []judge.Verdict `json:"verdicts"`
	// CandidateRequests at this step.
	CandidateRequests int64 `json:"candidate_requests"`
	// Fault is when what made the walk go back was seen, decided and applied.
	Fault *Fault `json:"fault,omitempty"`
	// Log lists what happened, oldest first, the latest 200 entries.
	Log []Entry `json:"log"`
	// Ledger holds the counts behind the verdicts; dropped when the walk ends.
	Ledger *Ledger `json:"ledger,omitempty"`
}

// Fault has the times of a rollback.
type Fault struct {
	DetectedAt time.Time `json:"detected_at"` // first failing verdict
	DecidedAt  time.Time `json:"decided_at"`  // a person's word, in manual; else at once
	AppliedAt  time.Time `json:"applied_at"`  // routed by this gateway
}

// Entry is one line of a walk's log.
type Entry struct {
	At         time.Time `json:"at"`
	Kind       string    `json:"kind"` // started, step, waiting, held, paused, resumed, approved, failed, promoted, rolled-back, aborted, note
	By         string    `json:"by"`
	Words      string    `json:"words"`
	Generation uint64    `json:"generation,omitempty"`
	// Verdicts behind a decision.
	Verdicts json.RawMessage `json:"verdicts,omitempty"`
}

// Ledger keeps the counts of a walk.
type Ledger struct {
	Batches []judge.Batch `json:"batches"`
}
