package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/weir-gateway/weir/admin/api"
)

const (
	defaultTimeout   = 30 * time.Second
	handshakeTimeout = 10 * time.Second
	maxAnswer        = 64 << 20 // bytes of an answer that is read into memory
	maxTold          = 500      // bytes of a strange answer that an error quotes
	actorHeader      = "X-Weir-Actor"
)

// Options of a client; zero fields take defaults.
type Options struct {
	// Actor is told to the gateway as who makes a change; "" leaves that open.
	Actor string
	// Token proves who calls, to a gateway that has tokens; "" is none. Whose it is goes before Actor.
	Token string
	// TLS is how to speak to an https address; nil takes the system's authorities. It is not looked at where HTTP is given.
	TLS *tls.Config
	// HTTP is the client to use; the default has no overall timeout, so that event streams last.
	HTTP *http.Client
	// Timeout bounds every call but event streams; default 30 s.
	Timeout time.Duration
}

// Client talks to one gateway's admin address. It is safe for concurrent use.
type Client struct {
	base    *url.URL
	actor   string
	token   string
	http    *http.Client
	timeout time.Duration
}

// New makes a client for the admin address, such as http://127.0.0.1:8081; http:// may be left out.
func New(address string, o Options) (*Client, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("client: %q is not the address of a gateway; it looks like http://127.0.0.1:8081", address)
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{CheckRedirect: refuseRedirect}
		if o.TLS != nil {
			o.HTTP.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: o.TLS, TLSHandshakeTimeout: handshakeTimeout}
		}
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	base.Path = strings.TrimRight(base.Path, "/")
	return &Client{base: base, actor: o.Actor, token: o.Token, http: o.HTTP, timeout: o.Timeout}, nil
}

// refuseRedirect keeps a token with the gateway it is for: no call of the API is answered by a redirect.
func refuseRedirect(r *http.Request, _ []*http.Request) error {
	return fmt.Errorf("it sends to %s, which no gateway does; is this a gateway's admin address?", r.URL.Redacted())
}

// Address is the gateway's admin address.
func (c *Client) Address() string { return c.base.String() }

// UnreachableError says that no gateway answered.
type UnreachableError struct {
	Address string
	Err     error
}

// Error names the address.
func (e *UnreachableError) Error() string {
	return fmt.Sprintf("cannot reach the gateway at %s: %v", e.Address, e.Err)
}

// Unwrap gives the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// request is one call. The body is JSON bytes or nil, the answer is decoded into out unless that is nil.
type request struct {
	method  string
	path    []string // segments, not escaped
	query   url.Values
	body    []byte
	ifMatch string
	wait    time.Duration // that the gateway is asked to, besides its work
	out     any
}

// call makes one call and gives the answer's head; the body has been read and closed.
func (c *Client) call(ctx context.Context, q request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout+q.wait)
	defer cancel()
	response, err := c.send(ctx, q)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // read to its end or given up: nothing to do about it
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("client: %s %s: read the answer: %w", q.method, response.Request.URL.Path, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return response, problemOf(response, data)
	}
	if raw, ok := q.out.(*json.RawMessage); ok {
		*raw = data
		return response, nil
	}
	if q.out == nil {
		return response, nil
	}
	if err := json.Unmarshal(data, q.out); err != nil {
		return response, fmt.Errorf("client: %s %s: the answer is not what this client knows: %w", q.method, response.Request.URL.Path, err)
	}
	return response, nil
}

func (c *Client) send(ctx context.Context, q request) (*http.Response, error) {
	target := c.base.JoinPath(escapeAll(q.path)...)
	target.RawQuery = q.query.Encode()
	var body io.Reader
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	r, err := http.NewRequestWithContext(ctx, q.method, target.String(), body)
	if err != nil {
		return nil, fmt.Errorf("client: %s %s: %w", q.method, target, err)
	}
	if q.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.actor != "" {
		r.Header.Set(actorHeader, c.actor)
	}
	if q.ifMatch != "" {
		r.Header.Set("If-Match", q.ifMatch)
	}
	return c.do(ctx, r)
}

func (c *Client) do(ctx context.Context, r *http.Request) (*http.Response, error) {
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(r)
	if err == nil {
		return response, nil
	}
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return nil, context.Canceled
	}
	if of, ok := errors.AsType[*url.Error](err); ok {
		err = of.Err
	}
	return nil, &UnreachableError{Address: c.Address(), Err: err}
}

// problemOf reads the problem out of an answer, or makes one of whatever came instead.
func problemOf(response *http.Response, data []byte) error {
	var p api.Problem
	if json.Unmarshal(data, &p) == nil && p.Type != "" {
		return &p
	}
	if len(data) > maxTold {
		data = data[:maxTold]
	}
	return fmt.Errorf("client: %s %s: answered %s: %q; is this a gateway's admin address?",
		response.Request.Method, response.Request.URL, response.Status, data)
}

// escapeAll escapes the segments, so that a name with a slash or a question mark stays one segment.
func escapeAll(segments []string) []string {
	escaped := make([]string, len(segments))
	for i, s := range segments {
		escaped[i] = url.PathEscape(s)
	}
	return escaped
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil { // cannot happen: documents of this API are plain data
		panic("client: encode: " + err.Error())
	}
	return data
}
