package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/weir-gateway/weir/admin/api"
)

// Watch knows when each gateway began to route by each generation, from the
// event streams of all.
type Watch struct {
	mu   sync.Mutex
	at   []map[uint64]time.Time // by gateway
	news chan struct{}          // closed and replaced at every event
}

// Watch listens until ctx ends.
func (c *Cluster) Watch(ctx context.Context) *Watch {
	w := &Watch{news: make(chan struct{})}
	for i, g := range c.Gateways {
		w.at = append(w.at, map[uint64]time.Time{})
		go func() {
			_ = g.Events(ctx, Model, "", func(e api.Event) error { // ends with ctx
				var t struct {
					Generation uint64 `json:"generation"`
				}
				if e.Type == api.EventGeneration && json.Unmarshal(e.Data, &t) == nil {
					w.saw(i, t.Generation)
				}
				return nil
			})
		}()
	}
	return w
}

func (w *Watch) saw(gateway int, generation uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at[gateway][generation] = time.Now()
	close(w.news)
	w.news = make(chan struct{})
}

// All waits until every gateway routes by the generation, or one above it, and
// returns when the last one began to.
func (w *Watch) All(ctx context.Context, generation uint64) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		last, missing, news := w.last(generation)
		if missing == 0 {
			return last, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return last, fmt.Errorf("cluster: %d gateways do not route by generation %d: %w", missing, generation, ctx.Err())
		}
	}
}

func (w *Watch) last(generation uint64) (last time.Time, missing int, news <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, seen := range w.at {
		var first time.Time
		for g, at := range seen {
			if g >= generation && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
		if first.IsZero() {
			missing++
		}
		if first.After(last) {
			last = first
		}
	}
	return last, missing, w.news
}

// Version is the one that answers a request at the gateway now.
func (g *Gateway) Version(ctx context.Context) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+g.Process.Address+Path, strings.NewReader(Body))
	if err != nil {
		return "", fmt.Errorf("cluster: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	calls := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := calls.Do(r)
	if err != nil {
		return "", fmt.Errorf("cluster: %w", err)
	}
	_ = answer.Body.Close() // only the head is looked at
	return answer.Header.Get("X-Weir-Version"), nil
}

// Body is a request of one row.
const Body = `{"inputs":[{"name":"distance","shape":[1],"datatype":"FP64","data":[713]}]}`
