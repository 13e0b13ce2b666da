package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/proxy"
)

// secrets are the files by which the data plane's clients and the gateway prove
// who they are to each other. Connections go on by what they began with.
type secrets struct {
	*secretFiles
	tls     serverTLS
	keyFile string
	keys    *proxy.Keys // nil where clients need none
}

// newSecrets reads the files that cfg names.
func newSecrets(cfg *config.Config, log *slog.Logger) (*secrets, error) {
	s := &secrets{tls: serverTLS{key: "listen.tls"}, keyFile: cfg.Path(cfg.Keys.File)}
	if s.keyFile != "" {
		var err error
		if s.keys, err = proxy.NewKeys(cfg.Keys.Header, cfg.Keys.Strip); err != nil {
			return nil, fmt.Errorf("gateway: keys: %w", err)
		}
	}
	s.secretFiles = &secretFiles{log: log, paths: append(s.tls.name(cfg, cfg.Listen.TLS), s.keyFile), use: s.use}
	return s, s.read()
}

func (s *secrets) use(contents [][]byte) error {
	server, err := s.tls.build(contents)
	if err != nil {
		return err
	}
	if s.keys != nil {
		list := keysIn(contents[3])
		if len(list) == 0 {
			return fmt.Errorf("gateway: keys.file: %s: %w", s.keyFile, errNoKeys)
		}
		if err := s.keys.Set(list); err != nil {
			return fmt.Errorf("gateway: keys.file: %s: %w", s.keyFile, err)
		}
	}
	s.tls.now.Store(server)
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
