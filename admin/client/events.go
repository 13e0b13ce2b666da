package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/weir-gateway/weir/admin/api"
)

// maxEvent bounds one line of the stream; an alarm with its evidence is a few KiB.
const maxEvent = 1 << 20

// Events delivers the gateway's events, in the caller's goroutine, until ctx ends, the stream ends or deliver returns
// an error, which it then returns. Model "" is all models. After is the id of the last event seen, or "". A stream
// that the gateway ended returns io.EOF: call again with the last id.
func (c *Client) Events(ctx context.Context, model, after string, deliver func(api.Event) error) error {
	query := url.Values{}
	if model != "" {
		query.Set("model", model)
	}
	response, err := c.stream(ctx, query, after)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // the stream is over: nothing to do about it
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, maxEvent)
	var data strings.Builder
	for lines.Scan() {
		line := lines.Text()
		if rest, ok := strings.CutPrefix(line, "data:"); ok {
			data.WriteString(strings.TrimPrefix(rest, " "))
			continue
		}
		if line != "" || data.Len() == 0 {
			continue // a comment, or a field that the document repeats
		}
		var e api.Event
		if err := json.Unmarshal([]byte(data.String()), &e); err != nil {
			return fmt.Errorf("client: events: %w", err)
		}
		data.Reset()
		if err := deliver(e); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := lines.Err(); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("client: events: %w", err)
	}
	return io.EOF
}

func (c *Client) stream(ctx context.Context, query url.Values, after string) (*http.Response, error) {
	target := c.base.JoinPath(v1("events")...)
	target.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("client: events: %w", err)
	}
	r.Header.Set("Accept", "text/event-stream")
	if after != "" {
		r.Header.Set("Last-Event-ID", after)
	}
	response, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		data, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer)) // whatever came is quoted in the error
		_ = response.Body.Close()                                       // as above
		return nil, problemOf(response, data)
	}
	return response, nil
}
