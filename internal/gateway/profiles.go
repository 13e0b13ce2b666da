package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
)

// profileTimeout bounds one reading of a profile from the registry.
const profileTimeout = 30 * time.Second

// profileStore is where reference profiles are kept.
type profileStore interface {
	Profile(ctx context.Context, digest string) ([]byte, error)
}

// profileLoader brings the reference profiles of routed versions into a
// monitor. It reads in the background: a swap never waits for a profile.
type profileLoader struct {
	mu      sync.Mutex
	loaded  map[string]string // version → digest that it has, or is about to have
	closed  bool
	loading sync.WaitGroup
}

// load makes the profile of v the reference of its monitor, unless it is already.
// A profile that can't be read leaves the version without a reference, says so
// in the log, and is tried again with the next generation.
func (p *profileLoader) load(m *model, store profileStore, v registry.Version) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.loaded[v.Version] == v.Profile {
		return
	}
	if p.loaded == nil {
		p.loaded = map[string]string{}
	}
	p.loaded[v.Version] = v.Profile
	p.loading.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), profileTimeout)
		defer cancel()
		profile, err := readProfile(ctx, store, v.Profile)
		if err != nil {
			m.log.Error("the reference profile can't be used; the version is watched without a reference",
				"version", v.Version, "profile", v.Profile, "error", err)
			p.mu.Lock()
			delete(p.loaded, v.Version)
			p.mu.Unlock()
			return
		}
		m.monitor.SetProfile(v.Version, profile)
	})
}

func readProfile(ctx context.Context, store profileStore, digest string) (*monitor.Profile, error) {
	data, err := store.Profile(ctx, digest)
	if err != nil {
		return nil, err
	}
	return monitor.DecodeProfile(data)
}

// close refuses further loads and waits for those under way.
func (p *profileLoader) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.loading.Wait()
}
