package consul

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/weir-gateway/weir/registry"
)

// connect makes the client. It sends nothing: Consul may be down. The transport
// is our own, because the library's keeps neither tokens nor certificates up to
// date.
func connect(o Options) (*api.Client, *http.Transport, error) {
	scheme, host, found := strings.Cut(o.Address, "://")
	if !found {
		scheme, host = "http", o.Address
		if o.TLS != (TLS{}) {
			scheme = "https"
		}
	}
	if scheme != "http" && scheme != "https" || strings.Contains(host, "/") {
		return nil, nil, fmt.Errorf("address %q is neither host:port nor an http or https URL without a path", o.Address)
	}
	secure, err := tlsConfig(o.TLS)
	if err != nil {
		return nil, nil, err
	}
	dialer := &net.Dialer{Timeout: o.Timeout, KeepAlive: 10 * time.Second}
	transport := &http.Transport{
		DialContext:         dialer.DialContext,
		TLSClientConfig:     secure,
		TLSHandshakeTimeout: o.Timeout,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     90 * time.Second,
	}
	client, err := api.NewClient(&api.Config{
		Address: host, Scheme: scheme,
		HttpClient: &http.Client{Transport: &authorized{next: transport, env: o.TokenEnv, file: o.TokenFile}},
	})
	return client, transport, err
}

func tlsConfig(o TLS) (*tls.Config, error) {
	secure, err := api.SetupTLSConfig(&api.TLSConfig{CAFile: o.CA, Address: o.ServerName})
	if err != nil {
		return nil, fmt.Errorf("the authorities of Consul's certificate: %w", err)
	}
	secure.MinVersion = tls.VersionTLS12
	if o.Cert == "" {
		return secure, nil
	}
	if _, err := tls.LoadX509KeyPair(o.Cert, o.Key); err != nil {
		return nil, fmt.Errorf("the client certificate: %w", err)
	}
	secure.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(o.Cert, o.Key)
		return &pair, err
	}
	return secure, nil
}

// authorized gives every request the token as it stands now.
type authorized struct {
	next      http.RoundTripper
	env, file string
}

// RoundTrip implements http.RoundTripper.
func (a *authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	token := ""
	if a.env != "" {
		token = os.Getenv(a.env)
	}
	if a.file != "" {
		content, err := os.ReadFile(a.file)
		if err != nil {
			return nil, fmt.Errorf("the token's file: %w", err)
		}
		token = strings.TrimSpace(string(content))
	}
	r = r.Clone(r.Context())
	r.Header.Del("X-Consul-Token")
	if token != "" {
		r.Header.Set("X-Consul-Token", token)
	}
	return a.next.RoundTrip(r)
}

// fresh refuses answers that may be old.
func fresh(meta *api.QueryMeta) error {
	const most = 5 * time.Second
	if !meta.KnownLeader {
		return errors.New("the answer was given without a leader and may be old")
	}
	if meta.LastContact > most {
		return fmt.Errorf("the answer was given %s after the last contact with the leader and may be old", meta.LastContact)
	}
	return nil
}

// fate is what became of a write that failed.
type fate int

const (
	refused fate = iota // certainly not written, and never will be as it is
	unsent              // certainly not written: nobody was there
	unknown             // perhaps written
)

func fateOf(err error) fate {
	if status, ok := errors.AsType[api.StatusError](err); ok {
		// 500 covers a lost leader, which may have written it before.
		if status.Code >= http.StatusInternalServerError {
			return unknown
		}
		return refused
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return unsent
	}
	return unknown
}

// explain adds what to do to an error of Consul's, and makes that of an ended
// context plain.
func (s *Store) explain(ctx context.Context, err error) error {
	if ended := s.usable(ctx); ended != nil {
		return ended
	}
	if errors.Is(err, errLost) {
		return unreachable{err}
	}
	if status, ok := errors.AsType[api.StatusError](err); ok && status.Code == http.StatusForbidden {
		return fmt.Errorf("consul at %s refuses the token; it needs key:read and key:write on %s/: %w", s.opts.Address, s.opts.Prefix, err)
	}
	err = fmt.Errorf("consul at %s: %w", s.opts.Address, err)
	if fateOf(err) == refused || errors.Is(err, errBusy) {
		return err
	}
	return unreachable{err}
}

// unreachable is an error of a Consul that gave no answer, or none that counts.
type unreachable struct{ error }

func (u unreachable) Unwrap() error { return u.error }

// Is makes it a registry.ErrUnreachable.
func (unreachable) Is(target error) bool { return target == registry.ErrUnreachable }
