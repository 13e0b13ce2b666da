package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// UpstreamTLS is what is configured for https endpoints. The zero value is right
// for servers with certificates of the system's authorities. Files are read
// again when they change, for the connections made from then on.
type UpstreamTLS struct {
	CA                 string // file with the authorities to trust, PEM, instead of the system's
	Cert, Key          string // files with what to show a server that asks, PEM
	ServerName         string // what certificates must be for; default: the endpoint's host
	InsecureSkipVerify bool   // take any certificate
}

// credentials keeps a TLS configuration in line with its files.
type credentials struct {
	cfg UpstreamTLS
	log *slog.Logger

	mu     sync.Mutex
	looked time.Time
	stamps [3]stamp
	now    *tls.Config
}

// stamp tells one content of a file from another.
type stamp struct {
	modified time.Time
	size     int64
}

// recheck is how often the files are looked at, if connections are made.
const recheck = time.Second

func newCredentials(cfg UpstreamTLS, log *slog.Logger) (*credentials, error) {
	c := &credentials{cfg: cfg, log: log, looked: time.Now()}
	c.stamps = c.look()
	var err error
	c.now, err = c.load()
	return c, err
}

// config returns the configuration for a connection to host.
func (c *credentials) config(host string, t time.Time) *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.Sub(c.looked) >= recheck {
		c.looked = t
		if found := c.look(); found != c.stamps {
			next, err := c.load()
			if err != nil {
				c.log.Error("changed TLS files can't be used; the last good ones stay in use", "error", err)
			} else {
				c.now = next
				c.log.Info("TLS files for endpoints were read again")
			}
			c.stamps = found
		}
	}
	cfg := c.now.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	return cfg
}

func (c *credentials) look() (found [3]stamp) {
	for i, file := range [...]string{c.cfg.CA, c.cfg.Cert, c.cfg.Key} {
		if info, err := os.Stat(file); file != "" && err == nil {
			found[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return found
}

func (c *credentials) load() (*tls.Config, error) {
	cfg := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{"http/1.1"},
		ServerName:         c.cfg.ServerName,
		InsecureSkipVerify: c.cfg.InsecureSkipVerify,
		ClientSessionCache: tls.NewLRUClientSessionCache(64),
	}
	if c.cfg.CA != "" {
		pem, err := os.ReadFile(c.cfg.CA)
		if err != nil {
			return nil, fmt.Errorf("upstream tls: %w", err)
		}
		if cfg.RootCAs = x509.NewCertPool(); !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("upstream tls: %s has no certificate in PEM", c.cfg.CA)
		}
	}
	if (c.cfg.Cert == "") != (c.cfg.Key == "") {
		return nil, errors.New("upstream tls: a certificate needs its key, and a key its certificate")
	}
	if c.cfg.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.cfg.Cert, c.cfg.Key)
		if err != nil {
			return nil, fmt.Errorf("upstream tls: %s with %s: %w", c.cfg.Cert, c.cfg.Key, err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}
