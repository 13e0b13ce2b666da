package admin

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/weir-gateway/weir/admin/api"
)

const (
	// mostWait bounds how long a call may wait for the other replicas.
	mostWait = 5 * time.Minute
	// waitPace is how often they are looked at meanwhile.
	waitPace = 20 * time.Millisecond
)

// replicas are those that share the registry, each compared with what is wanted of the model.
func (s *server) replicas(ctx context.Context, model string, wanted uint64) ([]api.ReplicaStatus, error) {
	all, err := s.Router.Replicas(ctx, model)
	for i := range all {
		all[i].Behind = all[i].Alive && all[i].Configured && all[i].Routed < wanted
	}
	return all, err
}

// everywhere waits until all replicas that are alive and have the model route by the change, and adds to the answer how
// it went. What does not come about in time is named, and the status is 202.
func (s *server) everywhere(ctx context.Context, answer *api.Changed, status *int, wait time.Duration, begin time.Time) {
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	pace := time.NewTicker(waitPace)
	defer pace.Stop()
	for {
		all, err := s.replicas(limited, answer.Traffic.Model, answer.Traffic.Generation)
		if err == nil {
			answer.Replicas = all
			if !anyBehind(all) {
				took := s.Now().Sub(begin).Seconds()
				answer.Everywhere = &took
				answer.Note = joined(answer.Note, lostNote(all))
				return
			}
		}
		select {
		case <-pace.C:
		case <-limited.Done():
			*status = http.StatusAccepted
			answer.Note = joined(answer.Note, behindNote(answer.Replicas, wait, err), lostNote(answer.Replicas))
			return
		}
	}
}

func anyBehind(all []api.ReplicaStatus) bool {
	for _, r := range all {
		if r.Behind {
			return true
		}
	}
	return false
}

// behindNote names those that do not route by a change.
func behindNote(all []api.ReplicaStatus, wait time.Duration, err error) string {
	var names []string
	for _, r := range all {
		if r.Behind {
			names = append(names, fmt.Sprintf("%s (generation %d)", r.Name, r.Routed))
		}
	}
	if len(names) == 0 {
		return fmt.Sprintf("what the other gateways route by could not be read within %v: %v", wait, err)
	}
	return fmt.Sprintf("not routed after %v by %s", wait, strings.Join(names, ", "))
}

// lostNote names those that nothing is known of.
func lostNote(all []api.ReplicaStatus) string {
	var names []string
	for _, r := range all {
		if !r.Alive {
			names = append(names, r.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "not heard of, and so not waited for: " + strings.Join(names, ", ")
}

func joined(notes ...string) string {
	var all []string
	for _, n := range notes {
		if n != "" {
			all = append(all, n)
		}
	}
	return strings.Join(all, "; ")
}
