package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

// Models lists what the gateway and its registry know.
func (c *Client) Models(ctx context.Context) (api.Models, error) {
	var out api.Models
	_, err := c.call(ctx, request{method: http.MethodGet, path: v1("models"), out: &out})
	return out, err
}

// Model gives one model.
func (c *Client) Model(ctx context.Context, model string) (api.Model, error) {
	var out api.Model
	_, err := c.call(ctx, request{method: http.MethodGet, path: v1("models", model), out: &out})
	return out, err
}

// Traffic gives a model's traffic; generation 0 and nothing else for a model without any.
func (c *Client) Traffic(ctx context.Context, model string) (registry.Traffic, error) {
	var out registry.Traffic
	_, err := c.call(ctx, request{method: http.MethodGet, path: v1("models", model, "traffic"), out: &out})
	var p *api.Problem
	if errors.As(err, &p) && p.HasType(api.TypeNoTraffic) {
		return registry.Traffic{Model: model}, nil
	}
	return out, err
}

// History gives at most limit generations, newest first; limit 0 leaves the number to the gateway.
func (c *Client) History(ctx context.Context, model string, limit int) (api.History, error) {
	var out api.History
	query := url.Values{}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	_, err := c.call(ctx, request{method: http.MethodGet, path: v1("models", model, "history"), query: query, out: &out})
	return out, err
}

// Diff tells what changed between two versions.
func (c *Client) Diff(ctx context.Context, model, from, to string) (api.Diff, error) {
	var out api.Diff
	query := url.Values{"from": {from}, "to": {to}}
	_, err := c.call(ctx, request{method: http.MethodGet, path: v1("models", model, "diff"), query: query, out: &out})
	return out, err
}

// Monitor gives the monitor of one version as the gateway wrote it; slice "" is all rows.
func (c *Client) Monitor(ctx context.Context, model, version, slice string) (json.RawMessage, error) {
	var out json.RawMessage
	query := url.Values{"version": {version}}
	if slice != "" {
		query.Set("slice", slice)
	}
	_, err := c.call(ctx, request{method: http.MethodGet, path: v1("models", model, "monitor"), query: query, out: &out})
	return out, err
}

// Report gives the report of one version; version "" is the stable one, slice "" all rows.
func (c *Client) Report(ctx context.Context, model, version, slice string) (out api.Report, err error) {
	query := url.Values{}
	if version != "" {
		query.Set("version", version)
	}
	if slice != "" {
		query.Set("slice", slice)
	}
	_, err = c.call(ctx, request{method: http.MethodGet, path: v1("models", model, "report"), query: query, out: &out})
	return out, err
}

// Profile gives a stored profile by its digest, byte for byte.
func (c *Client) Profile(ctx context.Context, digest string) (json.RawMessage, error) {
	var out json.RawMessage
	_, err := c.call(ctx, request{method: http.MethodGet, path: v1("profiles", digest), out: &out})
	return out, err
}

// LiveProfile makes a profile of what a version's monitor saw in its window.
func (c *Client) LiveProfile(ctx context.Context, model, version string) (json.RawMessage, error) {
	var out json.RawMessage
	_, err := c.call(ctx, request{method: http.MethodGet, path: v1("models", model, "versions", version, "profile"), out: &out})
	return out, err
}

// Config gives the configuration in force, with defaults.
func (c *Client) Config(ctx context.Context) (json.RawMessage, error) {
	var out json.RawMessage
	_, err := c.call(ctx, request{method: http.MethodGet, path: v1("config"), out: &out})
	return out, err
}

// Ready tells whether the gateway is ready to serve, and why it is not.
func (c *Client) Ready(ctx context.Context) (api.Readiness, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	response, err := c.send(ctx, request{method: http.MethodGet, path: []string{"-", "ready"}})
	if err != nil {
		return api.Readiness{}, err
	}
	defer func() { _ = response.Body.Close() }() // a small answer, given up where it is not
	var out api.Readiness
	// 503 carries the same document: not being ready is an answer, not a failure to answer.
	err = json.NewDecoder(http.MaxBytesReader(nil, response.Body, maxAnswer)).Decode(&out)
	if err != nil || (response.StatusCode != http.StatusOK && response.StatusCode != http.StatusServiceUnavailable) {
		return api.Readiness{}, problemOf(response, nil)
	}
	return out, nil
}

func v1(segments ...string) []string { return append([]string{"api", "v1"}, segments...) }

// Audit gives at most limit records of the audit log, newest first; limit 0 leaves the number to the gateway.
func (c *Client) Audit(ctx context.Context, limit int) (api.Audit, error) {
	var out api.Audit
	query := url.Values{}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	_, err := c.call(ctx, request{method: http.MethodGet, path: v1("audit"), query: query, out: &out})
	return out, err
}
