package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

// ErrChanged says that somebody else changed what serves while this change was under way. Nothing was written.
var ErrChanged = errors.New("the traffic was changed by somebody else in the meantime")

// maxTries bounds how often a change starts again because the generation moved without a change of what serves.
const maxTries = 5

// Split gives the arms the live traffic. Stable names the version that serves by default; "" keeps the present one
// while it is an arm, otherwise takes the arm with the largest weight. Shadows stay, but for those that become arms.
func (c *Client) Split(ctx context.Context, model string, arms []registry.Arm, stable, reason string) (api.Changed, error) {
	return c.change(ctx, model, reason, func(t *registry.Traffic) error {
		t.Arms = arms
		switch {
		case stable != "":
			t.Stable = stable
		case !t.HasArm(t.Stable):
			t.Stable = heaviest(arms)
		}
		return nil
	})
}

// Switch gives one version all traffic and makes it the stable one. The version before it stays on standby.
func (c *Client) Switch(ctx context.Context, model, version, reason string) (api.Changed, error) {
	return c.Split(ctx, model, []registry.Arm{{Version: version, Weight: registry.Full}}, version, reason)
}

// Shadow makes exactly these versions shadows; none ends all shadowing.
func (c *Client) Shadow(ctx context.Context, model string, shadows []registry.Shadow, reason string) (api.Changed, error) {
	return c.change(ctx, model, reason, func(t *registry.Traffic) error {
		if t.Generation == 0 {
			return fmt.Errorf("client: shadow %s: the model has no traffic to copy yet; give it some with switch or split first", model)
		}
		t.Shadows = shadows
		return nil
	})
}

// change reads the traffic, lets edit change it, and writes it back if nobody was faster.
func (c *Client) change(ctx context.Context, model, reason string, edit func(*registry.Traffic) error) (api.Changed, error) {
	first, err := c.Traffic(ctx, model)
	if err != nil {
		return api.Changed{}, err
	}
	current := first
	for range maxTries {
		next := current.Clone()
		if err := edit(&next); err != nil {
			return api.Changed{}, err
		}
		// A shadow that becomes an arm is no shadow any more; the registry would refuse it as both.
		next.Shadows = slices.DeleteFunc(next.Shadows, func(s registry.Shadow) bool { return next.HasArm(s.Version) })
		update := api.TrafficUpdate{Stable: next.Stable, Arms: next.Arms, Shadows: next.Shadows, Reason: reason}
		changed, err := c.PutTraffic(ctx, model, update, current.Generation)
		var p *api.Problem
		if !errors.As(err, &p) || !p.HasType(api.TypePreconditionFailed) {
			return changed, err
		}
		if current, err = c.Traffic(ctx, model); err != nil {
			return api.Changed{}, err
		}
		// Standby is not compared: it serves nobody, and follows from the rest.
		now, then := current, first
		now.Standby, then.Standby = nil, nil
		if !now.SameContent(then) {
			return api.Changed{}, fmt.Errorf("client: %s went from generation %d to %d (%s: %s): %w; look at it and decide again",
				model, first.Generation, current.Generation, current.Actor, current.Reason, ErrChanged)
		}
	}
	return api.Changed{}, fmt.Errorf("client: %s: the generation moved %d times in a row: %w", model, maxTries, ErrChanged)
}

func heaviest(arms []registry.Arm) string {
	if len(arms) == 0 {
		return ""
	}
	return slices.MaxFunc(arms, func(a, b registry.Arm) int { return int(a.Weight) - int(b.Weight) }).Version
}
