package client

import (
	"context"
	"net/http"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/rollout"
)

// Rollout gives a model's latest rollout, running or ended.
func (c *Client) Rollout(ctx context.Context, model string) (rollout.Rollout, error) {
	var out rollout.Rollout
	_, err := c.call(ctx, request{method: http.MethodGet, path: v1("models", model, "rollout"), out: &out})
	return out, err
}

// StartRollout begins a rollout and returns once its first step is routed.
func (c *Client) StartRollout(ctx context.Context, model string, r api.RolloutRequest) (rollout.Rollout, error) {
	var out rollout.Rollout
	_, err := c.call(ctx, request{method: http.MethodPost, path: v1("models", model, "rollout"), body: encode(r), out: &out})
	return out, err
}

// PauseRollout stops steps forward.
func (c *Client) PauseRollout(ctx context.Context, model, reason string) (rollout.Rollout, error) {
	return c.commandRollout(ctx, model, "pause", reason)
}

// ResumeRollout goes on after a pause or a hold.
func (c *Client) ResumeRollout(ctx context.Context, model, reason string) (rollout.Rollout, error) {
	return c.commandRollout(ctx, model, "resume", reason)
}

// ApproveRollout says yes to the next step.
func (c *Client) ApproveRollout(ctx context.Context, model, reason string) (rollout.Rollout, error) {
	return c.commandRollout(ctx, model, "approve", reason)
}

// AbortRollout gives all traffic back to the stable version at once.
func (c *Client) AbortRollout(ctx context.Context, model, reason string) (rollout.Rollout, error) {
	return c.commandRollout(ctx, model, "abort", reason)
}

func (c *Client) commandRollout(ctx context.Context, model, command, reason string) (rollout.Rollout, error) {
	var out rollout.Rollout
	_, err := c.call(ctx, request{
		method: http.MethodPost, path: v1("models", model, "rollout", command),
		body: encode(api.RolloutCommand{Reason: reason}), out: &out,
	})
	return out, err
}
