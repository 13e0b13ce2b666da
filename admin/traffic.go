package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

const (
	defaultHistory = 100   // generations that GET history gives
	maxHistory     = 10000 // generations that it gives at most
	defaultReason  = "no reason given"
)

func (s *server) getTraffic(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("model")
	traffic, err := s.currentTraffic(r.Context(), name)
	if err != nil {
		return err
	}
	if traffic == nil {
		p := newProblem(http.StatusNotFound, api.TypeNoTraffic,
			"%s has no traffic yet; the first PUT takes If-Match: \"0\"", name)
		p.Generation = new(uint64)
		return p
	}
	w.Header().Set("ETag", etag(traffic.Generation))
	return writeJSON(w, http.StatusOK, traffic)
}

func (s *server) putTraffic(w http.ResponseWriter, r *http.Request) error {
	begin := s.Now()
	name := r.PathValue("model")
	expect, given, err := ifMatch(r)
	if err != nil {
		return err
	}
	if !given {
		return newProblem(http.StatusPreconditionRequired, api.TypePreconditionRequired,
			"send If-Match with the generation you read, as in If-Match: \"17\" (\"0\" for a model without traffic), so that nobody's change is overwritten unseen")
	}
	var update api.TrafficUpdate
	if err := decodeBody(w, r, &update); err != nil {
		return err
	}
	committed, err := s.Store.Commit(r.Context(), registry.Traffic{
		Model:   name,
		Actor:   actor(r),
		Reason:  reasonOr(update.Reason),
		Stable:  update.Stable,
		Arms:    update.Arms,
		Shadows: update.Shadows,
		Standby: update.Standby,
		Cause:   registry.CauseManual,
	}, expect)
	if errors.Is(err, registry.ErrStale) {
		return s.staleNow(r.Context(), name, err)
	}
	if err != nil {
		return err
	}
	return s.answerChange(w, r, committed, begin)
}

func (s *server) getHistory(w http.ResponseWriter, r *http.Request) error {
	name, limit := r.PathValue("model"), defaultHistory
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxHistory {
			return invalid("limit", "must be a whole number from 1 to %d, not %q", maxHistory, text)
		}
		limit = n
	}
	if _, err := s.model(r.Context(), name); err != nil {
		return err
	}
	generations, err := s.Store.History(r.Context(), name, limit)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return err
	}
	if generations == nil {
		generations = []registry.Traffic{}
	}
	return writeJSON(w, http.StatusOK, api.History{Model: name, Generations: generations})
}

// answerChange waits until this replica routes by the change, and says how long that took. A change that this replica
// does not come to route by is made all the same: 202, with the reason.
func (s *server) answerChange(w http.ResponseWriter, r *http.Request, t registry.Traffic, begin time.Time) error {
	answer, status := s.routedHere(r, t, begin)
	return writeChange(w, answer, status)
}

func (s *server) routedHere(r *http.Request, t registry.Traffic, begin time.Time) (api.Changed, int) {
	callOf(r).after = &t.Generation
	ctx, cancel := context.WithTimeout(r.Context(), s.RouteWait)
	defer cancel()
	answer, status := api.Changed{Traffic: t, Routed: true}, http.StatusOK
	err := s.Router.AwaitGeneration(ctx, t.Model, t.Generation)
	if err != nil {
		answer.Routed, status = false, http.StatusAccepted
		answer.Note = fmt.Sprintf("recorded, but this replica does not route by it yet: %v", err)
		if errors.Is(err, context.DeadlineExceeded) {
			answer.Note = fmt.Sprintf("recorded, but this replica does not route by it after %v; see /-/ready and the log", s.RouteWait)
		}
	}
	answer.Took = s.Now().Sub(begin).Seconds()
	return answer, status
}

func writeChange(w http.ResponseWriter, answer api.Changed, status int) error {
	w.Header().Set("ETag", etag(answer.Traffic.Generation))
	return writeJSON(w, status, answer)
}

// currentTraffic is the model's desired traffic, nil where there is none.
func (s *server) currentTraffic(ctx context.Context, name string) (*registry.Traffic, error) {
	m, err := s.model(ctx, name)
	return m.Traffic, err
}

// staleNow is the 412 for a commit that came too late.
func (s *server) staleNow(ctx context.Context, name string, cause error) error {
	current, err := s.currentTraffic(ctx, name)
	if err != nil {
		return fmt.Errorf("admin: read %s after a stale write: %w", name, errors.Join(err, cause))
	}
	if current == nil {
		return stale(name, 0)
	}
	return stale(name, current.Generation)
}

// ifMatch reads the generation a write is conditional on.
func ifMatch(r *http.Request) (generation uint64, given bool, err error) {
	text := strings.TrimSpace(r.Header.Get("If-Match"))
	if text == "" {
		return 0, false, nil
	}
	number := text
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		number = text[1 : len(text)-1]
	}
	generation, err = strconv.ParseUint(number, 10, 64)
	if err != nil {
		return 0, false, invalid("If-Match", "must be one generation in quotes, as in \"17\", not %s", text)
	}
	return generation, true, nil
}

func etag(generation uint64) string { return `"` + strconv.FormatUint(generation, 10) + `"` }

func reasonOr(reason string) string {
	if strings.TrimSpace(reason) == "" {
		return defaultReason
	}
	return reason
}
