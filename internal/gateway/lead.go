package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
)

// start runs rollouts: at once where the registry is this gateway's alone, else
// whenever it is elected.
func (r *rollouts) start() {
	elector, shared := r.gateway.store.Store.(registry.Elector)
	if !shared {
		r.lead(r.gateway.store)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.mu.Lock()
	r.resign = cancel
	closed := r.closed
	r.mu.Unlock()
	if closed {
		cancel()
	}
	r.campaign.Go(func() {
		err := elector.Campaign(ctx, r.gateway.replica(), func(ctx context.Context, term registry.Store) {
			r.lead(&routedStore{Store: term, gateway: r.gateway})
			r.gateway.publish(api.EventLeader, "", leadership{Leads: true})
			<-ctx.Done()
			r.follow()
			r.gateway.publish(api.EventLeader, "", leadership{})
		})
		if ctx.Err() == nil && !errors.Is(err, registry.ErrClosed) {
			r.gateway.log.Error("this gateway stands for leader no more", "error", err)
		}
	})
}

// leadership is the data of a leader event.
type leadership struct {
	Leads bool `json:"leads"` // this gateway
}

// lead takes up the walks that an earlier leader left, with a controller for
// this term only: what it still does after the term, its store refuses.
func (r *rollouts) lead(store registry.Store) {
	controller, err := r.controller(store)
	if err != nil {
		r.gateway.log.Error("rollouts can't be run", "error", err)
		return
	}
	r.mu.Lock()
	r.leading = controller
	r.mu.Unlock()
	r.loading.Lock()
	defer r.loading.Unlock()
	r.load(controller)
}

// follow ends the term.
func (r *rollouts) follow() {
	r.mu.Lock()
	controller := r.leading
	r.leading = nil
	r.mu.Unlock()
	if controller == nil {
		return
	}
	if err := controller.Close(); err != nil {
		r.gateway.log.Error("the rollouts did not end cleanly", "error", err)
	}
}

// leads is the controller of this gateway's term; nil: another leads.
func (r *rollouts) leads() *rollout.Controller {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.leading
}

func (r *rollouts) command(do func(*rollout.Controller) (rollout.Rollout, error)) (rollout.Rollout, error) {
	if c := r.leads(); c != nil {
		return do(c)
	}
	text := "no gateway runs rollouts now; wait for the election, some seconds while the registry can be reached"
	if leader, ok := r.Leader(); ok {
		text = fmt.Sprintf("rollouts are run by %s; send this to its admin API at %s", leader.Name, leader.Admin)
	}
	return rollout.Rollout{}, fmt.Errorf("%s (abort, rollback, switch and split work here, too): %w", text, registry.ErrNotLeader)
}

// Start implements admin.Rollouts.
func (r *rollouts) Start(ctx context.Context, start rollout.Start) (rollout.Rollout, error) {
	return r.command(func(c *rollout.Controller) (rollout.Rollout, error) { return c.Start(ctx, start) })
}

// Status implements admin.Rollouts.
func (r *rollouts) Status(ctx context.Context, model string) (rollout.Rollout, error) {
	if c := r.leads(); c != nil {
		return c.Status(ctx, model)
	}
	return r.idle.Status(ctx, model)
}

// Pause implements admin.RolloutControl.
func (r *rollouts) Pause(ctx context.Context, model, by, reason string) (rollout.Rollout, error) {
	return r.command(func(c *rollout.Controller) (rollout.Rollout, error) { return c.Pause(ctx, model, by, reason) })
}

// Resume implements admin.RolloutControl.
func (r *rollouts) Resume(ctx context.Context, model, by, reason string) (rollout.Rollout, error) {
	return r.command(func(c *rollout.Controller) (rollout.Rollout, error) { return c.Resume(ctx, model, by, reason) })
}

// Approve implements admin.RolloutControl.
func (r *rollouts) Approve(ctx context.Context, model, by, reason string) (rollout.Rollout, error) {
	return r.command(func(c *rollout.Controller) (rollout.Rollout, error) { return c.Approve(ctx, model, by, reason) })
}

// Abort implements admin.RolloutControl, at any gateway: it is a way back. One
// that is deposed meanwhile does it as any other.
func (r *rollouts) Abort(ctx context.Context, model, by, reason string) (rollout.Rollout, error) {
	if c := r.leads(); c != nil {
		if walk, err := c.Abort(ctx, model, by, reason); !errors.Is(err, registry.ErrNotLeader) {
			return walk, err
		}
	}
	return r.idle.AbortStored(ctx, model, by, reason)
}

// Leader implements admin.Rollouts: who runs them, where several could.
func (r *rollouts) Leader() (registry.Replica, bool) {
	if elector, ok := r.gateway.store.Store.(registry.Elector); ok {
		return elector.Leader()
	}
	return registry.Replica{}, false
}

// replica is how a person finds this gateway.
func (g *Gateway) replica() registry.Replica {
	machine, err := os.Hostname()
	if err != nil {
		machine = "unknown"
	}
	host, port, err := net.SplitHostPort(g.AdminAddress().String())
	if err != nil {
		return registry.Replica{Name: machine, Admin: g.AdminAddress().String()}
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = machine
	}
	return registry.Replica{Name: machine + ":" + port, Admin: net.JoinHostPort(host, port)}
}
