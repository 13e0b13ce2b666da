package admin

import (
	"errors"
	"net/http"
)

// ErrForbidden is wrapped by errors of [Deps] that are to be answered with 403.
var ErrForbidden = errors.New("forbidden")

// postMLflowHook takes a delivery of MLflow's webhook. All it brings about is that MLflow is looked at now and not a
// little later, so that what it says is not even decoded.
func (s *server) postMLflowHook(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r, maxDocument)
	if err != nil {
		return err
	}
	if err := s.Sources.MLflowHook(r.PathValue("model"), r.Header, body); err != nil {
		// Nobody had to show a token: whoever guesses must not fill the audit log.
		if wait, first := s.failures.Take(origin(r)); wait > 0 {
			callOf(r).silent = !first
			return s.tooMany(w, wait, "too many deliveries from this address were not MLflow's (admin.max_failures); one that is signed is taken at any time")
		}
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
