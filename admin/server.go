package admin

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/weir-gateway/weir/admin/access"
	"github.com/weir-gateway/weir/admin/api"
)

const (
	defaultRouteWait = 5 * time.Second
	defaultKeepAlive = 15 * time.Second
)

// ActorHeader names who makes a change, for the history, where nobody proves who they are. The command line sends the
// user's name.
const ActorHeader = "X-Weir-Actor"

type server struct {
	Deps
	mux                                  *http.ServeMux
	crossOrigin                          *http.CrossOriginProtection
	changes, goingBack, labels, failures *access.Limiter
}

// handler answers a request or returns the error to answer with; it must not have written when it returns one.
type handler func(w http.ResponseWriter, r *http.Request) error

type route struct {
	method, path string
	handle       handler
}

// routes is everything the API answers. The OpenAPI document lists the same, which a test holds.
func (s *server) routes() []route {
	const (
		root    = "/api/v1"
		model   = root + "/models/{model}"
		version = model + "/versions/{version}"
	)
	return []route{
		{"GET", root + "/openapi.json", s.getOpenAPI},
		{"GET", root + "/audit", s.getAudit},
		{"GET", root + "/config", s.getConfig},
		{"GET", root + "/events", s.getEvents},
		{"GET", root + "/models", s.getModels},
		{"GET", model, s.getModel},
		{"PUT", version, s.putVersion},
		{"GET", version + "/profile", s.getLiveProfile},
		{"GET", model + "/diff", s.getDiff},
		{"GET", model + "/traffic", s.getTraffic},
		{"PUT", model + "/traffic", s.putTraffic},
		{"POST", model + "/rollback", s.postRollback},
		{"GET", model + "/history", s.getHistory},
		{"GET", model + "/rollout", s.getRollout},
		{"POST", model + "/rollout", s.postRollout},
		{"POST", model + "/rollout/pause", s.pauseRollout},
		{"POST", model + "/rollout/resume", s.resumeRollout},
		{"POST", model + "/rollout/approve", s.approveRollout},
		{"POST", model + "/rollout/abort", s.abortRollout},
		{"GET", model + "/monitor", s.getMonitor},
		{"POST", root + "/hooks/mlflow/{model}", s.postMLflowHook},
		{"GET", model + "/report", s.getReport},
		{"POST", model + "/feedback", s.postFeedback},
		{"POST", root + "/profiles", s.postProfile},
		{"GET", root + "/profiles/{digest}", s.getProfile},
		{"GET", "/metrics", s.getMetrics},
		{"GET", "/-/healthy", s.getHealthy},
		{"GET", "/-/ready", s.getReady},
		{"POST", "/-/reload", s.postReload},
	}
}

// New makes the API's handler. It starts no goroutine; event streams live as long as their requests, and end when
// Deps.Events is closed.
func New(d Deps) http.Handler {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.RouteWait <= 0 {
		d.RouteWait = defaultRouteWait
	}
	if d.KeepAlive <= 0 {
		d.KeepAlive = defaultKeepAlive
	}
	if d.Audit == nil {
		d.Audit = noAudit{}
	}
	if d.AuditFailed == nil {
		d.AuditFailed = func() {}
	}
	if d.Refused == nil {
		d.Refused = func(string) {}
	}
	s := &server{
		Deps: d, mux: http.NewServeMux(), crossOrigin: http.NewCrossOriginProtection(),
		changes:   access.NewLimiter(d.Access.MaxChanges, d.Now),
		goingBack: access.NewLimiter(d.Access.MaxChanges, d.Now),
		labels:    access.NewLimiter(d.Access.MaxChanges, d.Now),
		failures:  access.NewLimiter(d.Access.MaxFailures, d.Now),
	}
	for _, r := range s.routes() {
		s.mux.Handle(r.method+" "+r.path, s.serve(r))
	}
	s.mux.Handle("/", answerUnmatched(s.mux))
	return s.mux
}

// serve answers the calls of one route: who may make them, what they do, and what is kept of them.
func (s *server) serve(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := new(call)
		r = withCall(r, c)
		answer := func(w http.ResponseWriter) *api.Problem {
			p := s.admit(w, r, route, c)
			if p == nil {
				if err := route.handle(w, r); err != nil {
					if p = problemOf(err); p.Status >= http.StatusInternalServerError {
						s.Logger.ErrorContext(r.Context(), "admin call failed", "method", r.Method, "path", r.URL.Path, "error", err)
					}
				}
			}
			if p != nil {
				writeProblem(w, p)
			}
			return p
		}
		if route.method == http.MethodGet {
			_ = answer(w) // nothing was to be changed: nobody keeps what became of it
			return
		}
		s.audited(w, r, c, answer)
	})
}

// writeJSON answers with a document. Nothing the API tells may be cached: it is all about now.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // the client has left: nothing to do about it
	return nil
}
