package api

import "time"

// The outcomes of a changing call.
const (
	OutcomeDone    = "done"
	OutcomeRefused = "refused" // 4xx: by a rule, a role or a limit
	OutcomeFailed  = "failed"  // 5xx
)

// AuditRecord is one line of the audit log: a call that was to change something.
type AuditRecord struct {
	Time  time.Time `json:"time"` // when it was answered
	Actor string    `json:"actor"`
	// Role is the actor's; empty where nobody proves who they are.
	Role    string `json:"role,omitempty"`
	Remote  string `json:"remote"` // address and port
	Call    string `json:"call"`   // method and path
	Model   string `json:"model,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Outcome string `json:"outcome"`
	Status  int    `json:"status"`
	Detail  string `json:"detail,omitempty"` // why it was not done
	// Before and After are the generations that this replica routed the model by, or the one that the call committed.
	Before *uint64 `json:"generation_before,omitempty"`
	After  *uint64 `json:"generation_after,omitempty"`
}

// Audit answers GET /api/v1/audit.
type Audit struct {
	Records []AuditRecord `json:"records"` // newest first
}
