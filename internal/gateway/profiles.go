package gateway

import (
	"context"
	"sync"
	"sync/atomic"
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
	// ready is set once the first versions have their profiles and the evidence
	// of an earlier monitor is back. Until then nothing is observed: detectors
	// that began without their past would have to forget it.
	ready atomic.Bool
	done  chan struct{} // closed with ready
}

func newProfileLoader() *profileLoader {
	return &profileLoader{loaded: map[string]string{}, done: make(chan struct{})}
}

// load makes the profiles of the versions the references of their monitors,
// where they are not already, and then calls restore if these are the first. A
// profile that can't be read leaves its version without a reference, says so in
// the log, and is tried again with the next generation.
func (p *profileLoader) load(m *model, store profileStore, versions []registry.Version, restore func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	var wanted []registry.Version
	for _, v := range versions {
		if v.Profile != "" && p.loaded[v.Version] != v.Profile {
			p.loaded[v.Version] = v.Profile
			wanted = append(wanted, v)
		}
	}
	first := !p.ready.Load() && restore != nil
	begin := func() {
		restore()
		p.ready.Store(true)
		close(p.done)
	}
	if len(wanted) == 0 {
		if first {
			begin() // reads a small file at most: not worth missing the first requests for
		}
		return
	}
	p.loading.Go(func() {
		for _, v := range wanted {
			if err := setProfile(m.monitor, store, v); err != nil {
				m.log.Error("the reference profile can't be used; the version is watched without a reference",
					"version", v.Version, "profile", v.Profile, "error", err)
				p.mu.Lock()
				delete(p.loaded, v.Version)
				p.mu.Unlock()
			}
		}
		if first {
			begin()
		}
	})
}

func setProfile(m *monitor.Monitor, store profileStore, v registry.Version) error {
	ctx, cancel := context.WithTimeout(context.Background(), profileTimeout)
	defer cancel()
	data, err := store.Profile(ctx, v.Profile)
	if err != nil {
		return err
	}
	profile, err := monitor.DecodeProfile(data)
	if err != nil {
		return err
	}
	return m.SetProfile(v.Version, profile)
}

// close refuses further loads and waits for those under way.
func (p *profileLoader) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.loading.Wait()
}
