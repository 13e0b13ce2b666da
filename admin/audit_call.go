package admin

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/weir-gateway/weir/admin/api"
)

const (
	defaultAudit = 100   // records that GET audit gives
	maxAudit     = 10000 // that it gives at most
	maxKept      = 4096  // bytes of a text in a record: nobody fills the log with one call
)

func (s *server) getAudit(w http.ResponseWriter, r *http.Request) error {
	limit := defaultAudit
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxAudit {
			return invalid("limit", "must be a whole number from 1 to %d, not %q", maxAudit, text)
		}
		limit = n
	}
	records, err := s.Audit.Last(limit)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.Audit{Records: records})
}

// audited answers a call that is to change something, and writes down what
// became of it before the answer is at its end.
func (s *server) audited(w http.ResponseWriter, r *http.Request, c *call, answer func(w http.ResponseWriter) *api.Problem) {
	model := r.PathValue("model")
	record := api.AuditRecord{Remote: r.RemoteAddr, Call: cut(r.Method+" "+r.URL.Path, maxKept), Model: cut(model, maxKept)}
	if model != "" {
		record.Before = new(s.Router.RoutedGeneration(model))
	}
	told := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	// A bug that panics may have changed something before: it is written down, and goes on to the server.
	p := newProblem(http.StatusInternalServerError, api.TypeInternal, "the call panicked")
	defer func() { s.keep(r, c, &record, told.status, p) }()
	p = answer(told)
}

// keep completes a record and appends it.
func (s *server) keep(r *http.Request, c *call, record *api.AuditRecord, status int, p *api.Problem) {
	if c.silent {
		return
	}
	record.Time, record.Actor, record.Reason = s.Now().UTC(), c.actor, cut(c.reason, maxKept)
	if record.Actor == "" {
		record.Actor = "unknown"
	}
	if c.proven {
		record.Role = c.role.String()
	}
	record.Outcome, record.Status = api.OutcomeDone, status
	if p != nil {
		record.Detail, record.Outcome = cut(p.Detail, maxKept), api.OutcomeRefused
		if p.Status >= http.StatusInternalServerError {
			record.Outcome = api.OutcomeFailed
		}
	}
	switch {
	case c.after != nil:
		record.After = c.after
	case record.Before != nil:
		record.After = new(s.Router.RoutedGeneration(r.PathValue("model")))
	}
	if err := s.Audit.Append(*record); err != nil {
		// The change stands: refusing to go back because a disk is full would be the worse fault.
		s.AuditFailed()
		s.Logger.ErrorContext(r.Context(), "the audit log can't be written; the record is here instead", "error", err,
			"actor", record.Actor, "remote", record.Remote, "call", record.Call, "reason", record.Reason, "outcome", record.Outcome, "status", record.Status)
	}
}

// statusWriter remembers the status that was written.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// noteReason keeps the reason of a body, whatever else is in it, for the audit log.
func noteReason(r *http.Request, body []byte) {
	var said struct {
		Reason string `json:"reason"`
	}
	if json.Unmarshal(body, &said) == nil {
		callOf(r).reason = said.Reason
	}
}

// noAudit is the audit log of an API that keeps none.
type noAudit struct{}

// Append implements AuditLog.
func (noAudit) Append(api.AuditRecord) error { return nil }

// Last implements AuditLog.
func (noAudit) Last(int) ([]api.AuditRecord, error) { return []api.AuditRecord{}, nil }
