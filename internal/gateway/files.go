package gateway

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-gateway/weir/config"
)

// secretsInterval is how often certificates and keys are looked at. They are read
// and compared, not watched: a few kilobytes every other second, in exchange for
// links that Kubernetes swaps and folders that don't exist yet.
const secretsInterval = 2 * time.Second

// secretFiles are files by which somebody proves who they are. What they hold is
// replaced whole, or, when it can't be used, not at all.
type secretFiles struct {
	log   *slog.Logger
	paths []string                      // empty: there is no such file
	use   func(contents [][]byte) error // puts the contents in force, or changes nothing
	told  func(err error)               // when what the files hold became unusable; may be nil

	mu     sync.Mutex
	last   [sha256.Size]byte // of the content that was read last
	broken string            // why they can't be used now; empty where they can
}

// none says whether there is nothing to read.
func (s *secretFiles) none() bool {
	for _, path := range s.paths {
		if path != "" {
			return false
		}
	}
	return true
}

// follow reads the files again and again until ctx ends. What can't be used is
// logged once, and the last good content stays.
func (s *secretFiles) follow(ctx context.Context) {
	if s.none() {
		return
	}
	told := ""
	every(ctx, secretsInterval, func() {
		err := s.read()
		switch {
		case err == nil:
			told = ""
		case err.Error() != told:
			told = err.Error()
			s.log.Error("certificates, keys or tokens can't be used; the last good ones stay", "error", err)
			if s.told != nil {
				s.told(err)
			}
		}
	})
}

// fault is why the files can't be used now, empty where they can.
func (s *secretFiles) fault() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// read reads the files and, where they have changed, puts all of them in force.
func (s *secretFiles) read() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		s.broken = ""
		if err != nil {
			s.broken = err.Error()
		}
	}()
	contents := make([][]byte, len(s.paths))
	sum := sha256.New()
	for i, path := range s.paths {
		if path == "" {
			continue
		}
		if contents[i], err = os.ReadFile(path); err != nil {
			return fmt.Errorf("gateway: read certificates, keys and tokens: %w", err)
		}
		fmt.Fprintf(sum, "%d:", len(contents[i]))
		sum.Write(contents[i])
	}
	now := [sha256.Size]byte(sum.Sum(nil))
	if now == s.last {
		return nil
	}
	if err := s.use(contents); err != nil {
		return err
	}
	if s.last != ([sha256.Size]byte{}) {
		s.log.Info("certificates, keys or tokens have changed, and are in force")
	}
	s.last = now
	return nil
}

// serverTLS is how one listener speaks TLS: by the certificates read last.
type serverTLS struct {
	key   string     // of the configuration, such as listen.tls
	files config.TLS // resolved
	now   atomic.Pointer[tls.Config]
}

// config is nil where the listener doesn't speak TLS.
func (t *serverTLS) config() *tls.Config {
	if t.files.Cert == "" {
		return nil
	}
	base := modern()
	base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return t.now.Load(), nil }
	return base
}

// name sets the files, and gives them in the order in which build takes their content.
func (t *serverTLS) name(cfg *config.Config, files config.TLS) []string {
	t.files = config.TLS{Cert: cfg.Path(files.Cert), Key: cfg.Path(files.Key), ClientCA: cfg.Path(files.ClientCA)}
	return []string{t.files.Cert, t.files.Key, t.files.ClientCA}
}

// build makes what serves next of the files' content. Nothing is in
// force before it is stored in now.
func (t *serverTLS) build(contents [][]byte) (*tls.Config, error) {
	server := modern()
	if t.files.Cert != "" {
		pair, err := tls.X509KeyPair(contents[0], contents[1])
		if err != nil {
			return nil, fmt.Errorf("gateway: %s: %s and %s are no certificate with its key: %w", t.key, t.files.Cert, t.files.Key, err)
		}
		server.Certificates = []tls.Certificate{pair}
	}
	if t.files.ClientCA != "" {
		server.ClientCAs = x509.NewCertPool()
		if !server.ClientCAs.AppendCertsFromPEM(contents[2]) {
			return nil, fmt.Errorf("gateway: %s.client_ca: %s has no certificate in PEM", t.key, t.files.ClientCA)
		}
		server.ClientAuth = tls.RequireAndVerifyClientCert
		server.SessionTicketsDisabled = true // a ticket would outlive the authority that vouched for it
	}
	return server, nil
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
