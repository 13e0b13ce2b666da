package client

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/weir-gateway/weir/admin/api"
)

// Register adds a version; the very same version again is no error.
func (c *Client) Register(ctx context.Context, model, version string, r api.Registration) (api.Registered, error) {
	var out api.Registered
	_, err := c.call(ctx, request{
		method: http.MethodPut, path: v1("models", model, "versions", version), body: encode(r), out: &out,
	})
	return out, err
}

// PutProfile stores a profile and gives the digest to register versions with.
func (c *Client) PutProfile(ctx context.Context, profile []byte) (digest string, err error) {
	var out api.ProfileStored
	_, err = c.call(ctx, request{method: http.MethodPost, path: v1("profiles"), body: profile, out: &out})
	return out.Digest, err
}

// PutTraffic replaces a model's traffic if it is still at the generation expect (0: it has none yet).
func (c *Client) PutTraffic(ctx context.Context, model string, update api.TrafficUpdate, expect uint64) (api.Changed, error) {
	var out api.Changed
	_, err := c.call(ctx, request{
		method: http.MethodPut, path: v1("models", model, "traffic"), body: encode(update),
		ifMatch: strconv.Quote(strconv.FormatUint(expect, 10)), out: &out,
	})
	return out, err
}

// Rollback brings the content of generation to back; 0 is the last settled one that differs from now.
func (c *Client) Rollback(ctx context.Context, model string, to uint64, reason string) (api.Changed, error) {
	var out api.Changed
	_, err := c.call(ctx, request{
		method: http.MethodPost, path: v1("models", model, "rollback"),
		body: encode(api.RollbackRequest{To: to, Reason: reason}), out: &out,
	})
	return out, err
}

// RollbackEverywhere is [Client.Rollback], and waits so long for all gateways that share the registry to route by it. Those
// that do not are in the answer.
func (c *Client) RollbackEverywhere(ctx context.Context, model string, to uint64, reason string, wait time.Duration) (api.Changed, error) {
	var out api.Changed
	_, err := c.call(ctx, request{
		method: http.MethodPost, path: v1("models", model, "rollback"),
		body: encode(api.RollbackRequest{To: to, Reason: reason, Wait: api.Duration(wait)}), wait: wait, out: &out,
	})
	return out, err
}

// Reload makes the gateway read its configuration again.
func (c *Client) Reload(ctx context.Context) (api.Reloaded, error) {
	var out api.Reloaded
	_, err := c.call(ctx, request{method: http.MethodPost, path: []string{"-", "reload"}, out: &out})
	return out, err
}
