package admin

import (
	"context"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/weir-gateway/weir/admin/access"
	"github.com/weir-gateway/weir/admin/api"
)

// The reasons for which Deps.Refused is told of a call.
const (
	RefusedUnauthenticated = "unauthenticated"
	RefusedForbidden       = "forbidden"
	RefusedRateLimited     = "rate_limited"
)

// RefusedReasons are all of them.
func RefusedReasons() []string {
	return []string{RefusedUnauthenticated, RefusedForbidden, RefusedRateLimited}
}

// AuditLog keeps what was to be changed, and gives it back.
type AuditLog interface {
	Append(r api.AuditRecord) error
	Last(n int) ([]api.AuditRecord, error)
}

// Access says who may call. The zero value lets everybody do everything.
type Access struct {
	Tokens       *access.Tokens // nil: nobody needs one
	Certificates bool           // the listener has verified a certificate of whoever calls
	OpenMetrics  bool
	MaxChanges   int // a minute and actor; 0: any
	MaxFailures  int // a minute and address; 0: any
}

// roleFor is what a call needs. What is not named here is read by a viewer and
// changed by an operator.
func roleFor(method, path string, a Access) access.Role {
	switch {
	case path == "/-/healthy", path == "/-/ready":
		return access.Nobody
	case strings.HasPrefix(path, "/api/v1/hooks/"):
		return access.Nobody // its body is signed; MLflow can't send a token
	case path == "/metrics" && a.OpenMetrics:
		return access.Nobody
	case path == "/-/reload", path == "/api/v1/audit":
		return access.Admin
	case strings.HasSuffix(path, "/rollout/approve"):
		return access.Approver
	case method == http.MethodGet:
		return access.Viewer
	}
	return access.Operator
}

// goesBack says whether a call makes things as they were. Such calls have an
// allowance of their own, so that a script that runs wild can't keep a person
// from undoing what it did.
func goesBack(path string) bool {
	return strings.HasSuffix(path, "/rollback") || strings.HasSuffix(path, "/rollout/abort") || strings.HasSuffix(path, "/rollout/pause")
}

// call is what is known of the call under way, for the history and the audit log.
type call struct {
	actor  string // empty: not known
	proven bool   // by a token or a certificate
	role   access.Role
	reason string
	after  *uint64 // the generation it committed
	silent bool    // not to be written: one of many refusals, or labels that were taken
}

type callKey struct{}

func callOf(r *http.Request) *call {
	if c, ok := r.Context().Value(callKey{}).(*call); ok {
		return c
	}
	return new(call) // nobody looks at it
}

// admit lets a call through to its handler, or says why not.
func (s *server) admit(w http.ResponseWriter, r *http.Request, route route, c *call) *api.Problem {
	if s.crossOrigin.Check(r) != nil {
		s.Refused(RefusedForbidden)
		return newProblem(http.StatusForbidden, api.TypeForbidden, "a page of another site may not change anything here")
	}
	need := roleFor(route.method, route.path, s.Access)
	if need == access.Nobody {
		return nil
	}
	if p := s.authenticate(w, r, c); p != nil {
		return p
	}
	if c.proven && c.role < need {
		s.Refused(RefusedForbidden)
		return newProblem(http.StatusForbidden, api.TypeForbidden,
			"this call needs the role %s, and %s's token has %s; use a token with the role %s, or ask somebody who has one", need, c.actor, c.role, need)
	}
	if route.method == http.MethodGet { // or HEAD
		return nil
	}
	key := c.actor
	if !c.proven { // a name that anybody may give is no key of its own
		key += "\x00" + origin(r)
	}
	limit := s.changes
	switch {
	case goesBack(route.path):
		limit = s.goingBack
	case strings.HasSuffix(route.path, "/feedback"): // a file of labels must not keep who sends it from changing anything
		limit = s.labels
	}
	wait, first := limit.Take(key)
	if wait <= 0 {
		return nil
	}
	c.silent = !first
	return s.tooMany(w, wait, "%s has made as many changes in a minute as one may (admin.max_changes)", c.actor)
}

// authenticate finds out who calls.
func (s *server) authenticate(w http.ResponseWriter, r *http.Request, c *call) *api.Problem {
	if s.Access.Certificates && r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		c.actor, c.proven, c.role = certificateName(r), true, access.Admin
	}
	if s.Access.Tokens == nil && (c.proven || !s.Access.Certificates) {
		if !c.proven {
			c.actor = claimed(r)
		}
		return nil
	}
	secret, given := secretOf(r)
	if s.Access.Tokens != nil {
		if t, ok := s.Access.Tokens.Find(secret); ok {
			c.actor, c.proven, c.role = t.Name, true, t.Role
			return nil
		}
	}
	c.actor, c.proven, c.role = "", false, access.Nobody
	w.Header().Set("Connection", "close") // nobody waits for a body that somebody unknown sends slowly
	if wait, first := s.failures.Take(origin(r)); wait > 0 {
		c.silent = !first
		return s.tooMany(w, wait, "too many calls from this address had no valid token (admin.max_failures); one with a valid token is answered at any time")
	}
	s.Refused(RefusedUnauthenticated)
	// Basic makes a browser ask for it; the token is the password.
	w.Header().Add("WWW-Authenticate", `Bearer realm="weir"`)
	w.Header().Add("WWW-Authenticate", `Basic realm="weir", charset="UTF-8"`)
	if given {
		return newProblem(http.StatusUnauthorized, api.TypeUnauthorized,
			"this gateway does not know that token; it may have been replaced: ask an administrator for one")
	}
	return newProblem(http.StatusUnauthorized, api.TypeUnauthorized,
		"this call needs a token; send it as Authorization: Bearer TOKEN, and ask an administrator for one if you have none")
}

func (s *server) tooMany(w http.ResponseWriter, wait time.Duration, format string, args ...any) *api.Problem {
	s.Refused(RefusedRateLimited)
	seconds := int(math.Ceil(wait.Seconds()))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	args = append(args, seconds)
	return newProblem(http.StatusTooManyRequests, api.TypeTooManyRequests, format+"; try again in %d s", args...)
}

// secretOf is the token that a call shows.
func secretOf(r *http.Request) (secret string, given bool) {
	if _, password, ok := r.BasicAuth(); ok {
		return password, true
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(secret), strings.EqualFold(scheme, "Bearer")
}

func certificateName(r *http.Request) string {
	if name := r.TLS.PeerCertificates[0].Subject.CommonName; name != "" {
		return bounded(name)
	}
	return "certificate " + r.TLS.PeerCertificates[0].SerialNumber.String()
}

// origin is the address that a call comes from, without its port; of IPv6 the
// network, for one machine has as many addresses as it likes.
func origin(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Unmap().Is4() {
		return host
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return host
	}
	return network.String()
}

// actor is who makes the change: whose token or certificate it is, or else who
// the caller says.
func actor(r *http.Request) string {
	if c := callOf(r); c.proven {
		return c.actor
	}
	return claimed(r)
}

func claimed(r *http.Request) string {
	if name := r.Header.Get(ActorHeader); name != "" {
		return bounded(name)
	}
	return "anonymous"
}

func bounded(name string) string { return cut(name, 200) }

// cut bounds a text that is kept.
func cut(text string, longest int) string { return text[:min(len(text), longest)] }

func withCall(r *http.Request, c *call) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), callKey{}, c))
}
