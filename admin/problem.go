package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

var titles = map[string]string{
	api.TypeNotFound:             "Not found",
	api.TypeNoTraffic:            "The model has no traffic yet",
	api.TypeConflict:             "Conflict with what is registered",
	api.TypePreconditionFailed:   "Somebody else changed the traffic first",
	api.TypePreconditionRequired: "The call needs If-Match",
	api.TypeInvalid:              "Invalid request",
	api.TypeBodyTooLarge:         "The body is too large",
	api.TypeMethodNotAllowed:     "Method not allowed",
	api.TypeNotAcceptable:        "Not in this form",
	api.TypeForbidden:            "Forbidden",
	api.TypeUnauthorized:         "The call needs a token",
	api.TypeTooManyRequests:      "Too many requests",
	api.TypeNotLeader:            "Another gateway runs rollouts",
	api.TypeReloadFailed:         "The configuration was not reloaded",
	api.TypeInternal:             "Internal error",
}

func newProblem(status int, slug, format string, args ...any) *api.Problem {
	return &api.Problem{
		Type:   api.ProblemPrefix + slug,
		Title:  titles[slug],
		Status: status,
		Detail: fmt.Sprintf(format, args...),
	}
}

// invalid is a 400 that names one member of the request.
func invalid(field, format string, args ...any) *api.Problem {
	detail := fmt.Sprintf(format, args...)
	p := newProblem(http.StatusBadRequest, api.TypeInvalid, "%s %s", field, detail)
	p.Fields = []api.Field{{Name: field, Detail: detail}}
	return p
}

func notFound(format string, args ...any) *api.Problem {
	return newProblem(http.StatusNotFound, api.TypeNotFound, format, args...)
}

// stale is the 412 that tells the current generation.
func stale(model string, current uint64) *api.Problem {
	p := newProblem(http.StatusPreconditionFailed, api.TypePreconditionFailed,
		"%s is at generation %d now; read it, decide again, and send If-Match: \"%d\"", model, current, current)
	p.Generation = &current
	return p
}

// problemOf turns any error of a handler into the problem to answer with. Errors that are nobody's request's fault
// become 500 and are logged by the caller; their text is shown, for the admin API talks to operators.
func problemOf(err error) *api.Problem {
	var p *api.Problem
	var field *registry.FieldError
	text := withoutSentinel(err)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &field):
		p = newProblem(http.StatusBadRequest, api.TypeInvalid, "%s", text)
		p.Fields = []api.Field{{Name: field.Field, Detail: field.Reason}}
		return p
	case errors.Is(err, registry.ErrNotFound):
		return notFound("%s", text)
	case errors.Is(err, ErrForbidden):
		return newProblem(http.StatusForbidden, api.TypeForbidden, "%s", text)
	case errors.Is(err, registry.ErrNotLeader):
		return newProblem(http.StatusConflict, api.TypeNotLeader, "%s", text)
	case errors.Is(err, registry.ErrConflict):
		return newProblem(http.StatusConflict, api.TypeConflict, "%s", text)
	case errors.Is(err, registry.ErrStale):
		return newProblem(http.StatusPreconditionFailed, api.TypePreconditionFailed, "%s", text)
	case errors.Is(err, registry.ErrInvalid):
		return newProblem(http.StatusBadRequest, api.TypeInvalid, "%s", text)
	}
	return newProblem(http.StatusInternalServerError, api.TypeInternal, "%s", text)
}

// withoutSentinel is the error's text without the words of the sentinel at its end: the problem's type says them.
func withoutSentinel(err error) string {
	text := err.Error()
	for _, sentinel := range []error{registry.ErrNotFound, registry.ErrConflict, registry.ErrStale, registry.ErrInvalid, registry.ErrNotLeader, ErrForbidden} {
		if short, ok := strings.CutSuffix(text, ": "+sentinel.Error()); ok && errors.Is(err, sentinel) {
			return short
		}
	}
	return text
}

func writeProblem(w http.ResponseWriter, p *api.Problem) {
	data, err := json.Marshal(p)
	if err != nil { // cannot happen: a problem is strings and numbers
		data = []byte(`{"type":"urn:weir:problem:internal","status":500}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(data, '\n')) // the client has left: nothing to do about it
}

// answerUnmatched is the handler of everything no route takes: 405 with Allow where another method would match,
// otherwise 404. The mux's own answers would be plain text.
func answerUnmatched(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
			probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
			if _, pattern := mux.Handler(probe); pattern != "" && pattern != "/" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			writeProblem(w, notFound("there is nothing at %s; see /api/v1/openapi.json for the calls there are", r.URL.Path))
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		writeProblem(w, newProblem(http.StatusMethodNotAllowed, api.TypeMethodNotAllowed,
			"%s takes %s, not %s", r.URL.Path, strings.Join(allowed, " or "), r.Method))
	}
}
