package peers

import (
	"fmt"
	"os"
	"path/filepath"
)

// Arm is a backend with its weight in per cent.
type Arm struct {
	Address string
	Weight  int
}

// Job is what a proxy has to do.
type Job struct {
	Arms    []Arm
	Shadow  string // gets a copy of every request; empty: none
	Monitor bool   // Weir: decode and watch every request and answer
	// Stream: hand bodies on as they come. Elsewhere a peer may collect them,
	// which is what it does by itself.
	Stream bool
}

// Peer is a program that can do a Job.
type Peer struct {
	Name    string
	Mirrors bool // can copy requests
	start   func(dir string, j Job) (*Process, error)
}

// Start runs the peer with its files in a new folder under dir.
func (p Peer) Start(dir string, j Job) (*Process, error) {
	sub, err := os.MkdirTemp(dir, p.Name+"-")
	if err != nil {
		return nil, fmt.Errorf("peers: %w", err)
	}
	process, err := p.start(sub, j)
	if err != nil {
		return nil, fmt.Errorf("peers: %s: %w", p.Name, err)
	}
	process.Name = p.Name
	return process, nil
}

// Tools are the binaries.
type Tools struct {
	Weir  string // this module's
	Self  string // the benchmark's own, which can be a stub or a Go proxy
	Cache string // where bench/setup put Envoy
}

// Names of the peers.
const (
	NameWeir       = "weir"
	NameNginx      = "nginx"
	NameHAProxy    = "haproxy"
	NameHAProxyTCP = "haproxy-tcp"
	NameEnvoy      = "envoy"
	NameFastHTTP   = "fasthttp"
	NameNetHTTP    = "nethttp"
)

// Peers are all programs to compare, each with one thread. Every configuration
// does the least that the job needs: no access log, no added headers.
func (t Tools) Peers() []Peer {
	return []Peer{
		{NameWeir, true, t.weir},
		{NameNginx, true, t.nginx},
		{NameHAProxy, false, t.haproxy},
		{NameEnvoy, true, t.envoy},
		{NameFastHTTP, true, t.role(NameFastHTTP)},
		{NameNetHTTP, false, t.role(NameNetHTTP)},
		{NameHAProxyTCP, false, t.haproxyTCP},
	}
}

// Peer is one of Peers.
func (t Tools) Peer(name string) Peer {
	for _, p := range t.Peers() {
		if p.Name == name {
			return p
		}
	}
	return Peer{Name: name, start: func(string, Job) (*Process, error) { return nil, fmt.Errorf("no peer %q", name) }}
}

// write puts a configuration into a file.
func write(dir, name, content string) (path string, err error) {
	path = filepath.Join(dir, name)
	return path, os.WriteFile(path, []byte(content), 0o600)
}
