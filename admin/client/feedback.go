package client

import (
	"context"
	"net/http"

	"github.com/weir-gateway/weir/monitor"
)

// Feedback sends labels of predictions made earlier, at most 10,000 a call.
func (c *Client) Feedback(ctx context.Context, model string, labels []monitor.Label) (monitor.Feedback, error) {
	var out monitor.Feedback
	_, err := c.call(ctx, request{
		method: http.MethodPost, path: v1("models", model, "feedback"), body: encode(labels), out: &out,
	})
	return out, err
}
