package consul

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/weir-gateway/weir/registry"
)

// Options say which Consul, and where in it.
type Options struct {
	Address string // host:port, or a URL with http or https; "": 127.0.0.1:8500
	Prefix  string // of every key, such as "weir" or "teams/a/weir"; "": weir
	// TokenEnv names the environment variable with the ACL token, TokenFile the
	// file, which goes before it. Both are read again for every request, so that
	// a token can be replaced without a restart. Both empty: no token.
	TokenEnv, TokenFile string
	TLS                 TLS
	Known               registry.Snapshot // what an earlier process knew; see the package's comment

	Logger *slog.Logger     // nil: nothing is logged
	Now    func() time.Time // clock for generations and registrations; nil: time.Now
	// Timeout bounds every request but the part of a blocking query that it is
	// asked to wait; 0: 2 s.
	Timeout time.Duration
	// Wait is how long a blocking query waits for a change; 0: 1 min. It is
	// shorter than Consul's usual 5 min because a connection that is silently
	// cut is noticed after it at the latest.
	Wait time.Duration
	// SessionTTL is for how long a leader that is not heard of leads; Consul
	// doubles it, and takes 10 s at least unless it is told otherwise; 0: 10 s.
	SessionTTL time.Duration
}

// TLS names PEM files. The certificate is read again for every connection; the
// authorities are read once.
type TLS struct {
	CA         string // of the authorities that may have signed Consul's certificate; "": the system's
	Cert, Key  string // with which this client identifies itself; "": not at all
	ServerName string // expected in Consul's certificate; "": the address's host
}

const (
	defaultAddress = "127.0.0.1:8500"
	defaultPrefix  = "weir"
	// writePatience bounds the repetitions of one write.
	writePatience = 5 * time.Second
)

// complete fills in defaults and refuses what can't be meant.
func (o Options) complete() (Options, error) {
	if o.Address == "" {
		o.Address = defaultAddress
	}
	if o.Prefix == "" {
		o.Prefix = defaultPrefix
	}
	for part := range strings.SplitSeq(o.Prefix, "/") {
		if err := registry.ValidateName("prefix", part); err != nil {
			return o, fmt.Errorf("prefix %q: names with / between them, such as weir or teams/a/weir: %w", o.Prefix, err)
		}
	}
	if (o.TLS.Cert == "") != (o.TLS.Key == "") {
		return o, errors.New("a client certificate needs both files, cert and key")
	}
	if o.TLS != (TLS{}) && strings.HasPrefix(o.Address, "http://") {
		return o, fmt.Errorf("address %s is without TLS, and TLS files are given; write https://", o.Address)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Wait <= 0 {
		o.Wait = time.Minute
	}
	if o.SessionTTL <= 0 {
		o.SessionTTL = 10 * time.Second
	}
	return o, nil
}
