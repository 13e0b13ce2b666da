package config

import (
	"maps"
	"path/filepath"
	"slices"
)

// Config is a whole configuration with defaults applied. The json tag of a
// field is its key in YAML and in JSON; restart:"yes" marks what a reload of a
// running gateway cannot change.
type Config struct {
	Listen       Listen            `json:"listen" restart:"yes"`
	Admin        Admin             `json:"admin" restart:"yes"`
	Registry     Registry          `json:"registry" restart:"yes"`
	StateDir     string            `json:"state_dir" restart:"yes"` // last good tables, monitor state; as written, see StatePath
	DrainTimeout Duration          `json:"drain_timeout"`           // how long a stopping gateway, or a replaced upstream pool, waits for requests in flight
	Limits       Limits            `json:"limits" restart:"yes"`
	Keys         Keys              `json:"keys" restart:"yes"`
	Forwarded    Forwarded         `json:"forwarded" restart:"yes"`
	AccessLog    AccessLog         `json:"access_log"`
	Tracing      Tracing           `json:"tracing"`
	Discovery    Discovery         `json:"discovery,omitzero" restart:"yes"`
	Models       map[string]*Model `json:"models"` // by name, at least one, none nil

	folder string // of the configuration file; relative folders start here
}

// Listen holds the addresses to listen on, host:port; port 0 lets the system
// choose, which tests and the demo use.
type Listen struct {
	HTTP  string `json:"http"`  // data plane
	Admin string `json:"admin"` // API, metrics
	TLS   TLS    `json:"tls"`   // of the data plane
}

// TLS names the files by which a listener is encrypted, as written, see
// Config.Path. Without any it is not.
type TLS struct {
	Cert     string `json:"cert,omitempty"`      // PEM: the certificate and those between it and its root
	Key      string `json:"key,omitempty"`       // PEM
	ClientCA string `json:"client_ca,omitempty"` // PEM: who must have signed clients' certificates; without it they need none
}

// Keys says what clients of the data plane must show.
type Keys struct {
	File   string `json:"file,omitempty"` // one key a line, as written, see Config.Path; without it they need none
	Header string `json:"header"`         // authorization or x-api-key
	Strip  bool   `json:"strip"`          // the header stays here
}

// Registry says where versions and traffic are kept.
type Registry struct {
	Kind string `json:"kind"`          // file or consul
	Dir  string `json:"dir,omitempty"` // file: as written, see RegistryDir

	// The rest is for consul.
	Address   string      `json:"address,omitempty"`    // host:port, or a URL with http or https
	Prefix    string      `json:"prefix,omitempty"`     // of every key
	TokenEnv  string      `json:"token_env,omitempty"`  // the environment variable with the token
	TokenFile string      `json:"token_file,omitempty"` // the file with the token, as written, see Config.Path
	TLS       RegistryTLS `json:"tls,omitzero"`
}

// RegistryTLS names the files by which the way to Consul is encrypted, as
// written, see Config.Path.
type RegistryTLS struct {
	CA         string `json:"ca,omitempty"`          // PEM: who must have signed Consul's certificate; without it the system's authorities
	Cert       string `json:"cert,omitempty"`        // PEM: with which the gateway identifies itself
	Key        string `json:"key,omitempty"`         // PEM: of Cert
	ServerName string `json:"server_name,omitempty"` // expected in Consul's certificate; without it the address's host
}

// Limits bound what clients of the data plane can make one gateway hold.
type Limits struct {
	MaxHeader     Size     `json:"max_header"`     // a request's head; more is 431
	HeaderTimeout Duration `json:"header_timeout"` // for a client to send a request's head
	IdleTimeout   Duration `json:"idle_timeout"`   // of a kept-alive client connection

	MaxTarget               Size     `json:"max_target"`                 // a request's target; more is 414
	BodyIdle                Duration `json:"body_idle"`                  // for a body that stands still
	BodyRate                Size     `json:"body_rate"`                  // of a body that streams, in a second; 0: any
	MaxConnections          int      `json:"max_connections"`            // of clients; more are refused with 503; 0: any
	MaxConnectionsPerClient int      `json:"max_connections_per_client"` // by address; 0: any
}

// Forwarded says what endpoints are told about clients.
type Forwarded struct {
	Trust []string `json:"trust,omitempty"` // networks or addresses of the proxies in front, whose word about their clients counts
	Style string   `json:"style"`           // x-forwarded, forwarded, both or off
}

// ModelNames returns the configured models' names in alphabetical order: the
// order in which everything walks them, so that runs repeat.
func (c *Config) ModelNames() []string {
	return slices.Sorted(maps.Keys(c.Models))
}

// RegistryDir is Registry.Dir, resolved against the configuration file's folder.
func (c *Config) RegistryDir() string { return c.resolve(c.Registry.Dir) }

// StatePath is StateDir, resolved against the configuration file's folder.
func (c *Config) StatePath() string { return c.resolve(c.StateDir) }

// Path is a file that the configuration names, resolved against the folder of
// its own file; empty if path is.
func (c *Config) Path(path string) string {
	if path == "" {
		return ""
	}
	return c.resolve(path)
}

func (c *Config) resolve(dir string) string {
	if filepath.IsAbs(dir) {
		return filepath.Clean(dir)
	}
	return filepath.Join(c.folder, dir)
}
