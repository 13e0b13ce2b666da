package admin

import (
	_ "embed"
	"net/http"

	"github.com/weir-gateway/weir/admin/api"
)

//go:embed openapi.json
var openAPI []byte

func (s *server) getOpenAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI) // the client has left: nothing to do about it
	return nil
}

func (s *server) getConfig(w http.ResponseWriter, _ *http.Request) error {
	document, err := s.Config.EffectiveConfig()
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, document)
}

func (s *server) getMetrics(w http.ResponseWriter, r *http.Request) error {
	s.Metrics.ServeHTTP(w, r)
	return nil
}

// getHealthy says that the process answers; whether it should get traffic is getReady's to say.
func (s *server) getHealthy(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{"status": "healthy"})
}

func (s *server) getReady(w http.ResponseWriter, _ *http.Request) error {
	answer := api.Readiness{Ready: true, Checks: s.Health.Ready()}
	if answer.Checks == nil {
		answer.Checks = []api.Check{}
	}
	for _, c := range answer.Checks {
		if c.Required && !c.OK {
			answer.Ready = false
		}
	}
	status := http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
	}
	return writeJSON(w, status, answer)
}

func (s *server) postReload(w http.ResponseWriter, r *http.Request) error {
	begin := s.Now()
	if err := s.Config.Reload(r.Context()); err != nil {
		return newProblem(http.StatusInternalServerError, api.TypeReloadFailed,
			"%v; the configuration before it stays in force", err)
	}
	return writeJSON(w, http.StatusOK, api.Reloaded{Took: s.Now().Sub(begin).Seconds()})
}
