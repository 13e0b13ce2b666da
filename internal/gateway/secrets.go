package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/proxy"
)

// secretsInterval is how often certificates and keys are looked at. They are read
// and compared, not watched: a few kilobytes every other second, in exchange for
// links that Kubernetes swaps and folders that don't exist yet.
const secretsInterval = 2 * time.Second

// secrets are the files by which clients and the gateway prove who they are. What
// they hold is replaced whole, or, when it can't be used, not at all; connections
// go on by what they began with.
type secrets struct {
	log                          *slog.Logger
	cert, key, clientCA, keyFile string
	server                       atomic.Pointer[tls.Config]
	keys                         *proxy.Keys // nil where clients need none

	mu     sync.Mutex
	last   [sha256.Size]byte // of the content that was read last
	broken string            // the last error that was logged
}

// newSecrets reads the files that cfg names.
func newSecrets(cfg *config.Config, log *slog.Logger) (*secrets, error) {
	files := cfg.Listen.TLS
	s := &secrets{
		log: log, cert: cfg.Path(files.Cert), key: cfg.Path(files.Key), clientCA: cfg.Path(files.ClientCA), keyFile: cfg.Path(cfg.Keys.File),
	}
	if s.keyFile != "" {
		var err error
		if s.keys, err = proxy.NewKeys(cfg.Keys.Header, cfg.Keys.Strip); err != nil {
			return nil, fmt.Errorf("gateway: keys: %w", err)
		}
	}
	return s, s.read()
}

// tls returns how the data plane speaks TLS, nil where it doesn't.
func (s *secrets) tls() *tls.Config {
	if s.cert == "" {
		return nil
	}
	base := modern()
	base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.server.Load(), nil }
	return base
}

// modern is TLS 1.2 with forward secrecy and authenticated encryption only, or 1.3.
func modern() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		CipherSuites: []uint16{ // of 1.2; those of 1.3 are all like this
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}

// follow reads the files again and again until ctx ends. What can't be used is
// logged once, and the last good content stays.
func (s *secrets) follow(ctx context.Context) {
	if s.cert == "" && s.keyFile == "" {
		return
	}
	every(ctx, secretsInterval, func() {
		err := s.read()
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case err == nil:
			s.broken = ""
		case err.Error() != s.broken:
			s.broken = err.Error()
			s.log.Error("certificates or keys can't be used; the last good ones stay", "error", err)
		}
	})
}

// read reads the files and, where they have changed, puts all of them in force.
func (s *secrets) read() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var content [4][]byte
	sum := sha256.New()
	for i, file := range [...]string{s.cert, s.key, s.clientCA, s.keyFile} {
		if file == "" {
			continue
		}
		var err error
		if content[i], err = os.ReadFile(file); err != nil {
			return fmt.Errorf("gateway: read certificates and keys: %w", err)
		}
		fmt.Fprintf(sum, "%d:", len(content[i]))
		sum.Write(content[i])
	}
	if now := [sha256.Size]byte(sum.Sum(nil)); now != s.last {
		if err := s.use(content[0], content[1], content[2], content[3]); err != nil {
			return err
		}
		if s.last != ([sha256.Size]byte{}) {
			s.log.Info("certificates or keys have changed, and are in force")
		}
		s.last = now
	}
	return nil
}

func (s *secrets) use(cert, key, clientCA, keys []byte) error {
	server := modern()
	if s.cert != "" {
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return fmt.Errorf("gateway: listen.tls: %s and %s are no certificate with its key: %w", s.cert, s.key, err)
		}
		server.Certificates = []tls.Certificate{pair}
	}
	if s.clientCA != "" {
		server.ClientCAs = x509.NewCertPool()
		if !server.ClientCAs.AppendCertsFromPEM(clientCA) {
			return fmt.Errorf("gateway: listen.tls.client_ca: %s has no certificate in PEM", s.clientCA)
		}
		server.ClientAuth = tls.RequireAndVerifyClientCert
		server.SessionTicketsDisabled = true // a ticket would outlive the authority that vouched for it
	}
	if s.keys != nil {
		list := keysIn(keys)
		if len(list) == 0 {
			return fmt.Errorf("gateway: keys.file: %s: %w", s.keyFile, errNoKeys)
		}
		if err := s.keys.Set(list); err != nil {
			return fmt.Errorf("gateway: keys.file: %s: %w", s.keyFile, err)
		}
	}
	s.server.Store(server)
	return nil
}

// errNoKeys keeps a file that is being written, and empty for a moment, from
// locking everybody out.
var errNoKeys = errors.New("there is no key in it; write one a line")

func keysIn(content []byte) (keys []string) {
	for line := range bytes.Lines(content) {
		if key := strings.TrimSpace(string(line)); key != "" && key[0] != '#' {
			keys = append(keys, key)
		}
	}
	return keys
}
