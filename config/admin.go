package config

import (
	"net"
	"net/netip"
	"strings"
)

// Admin says who may call the admin API, over what, and what is kept of it.
type Admin struct {
	Tokens      string `json:"tokens,omitempty"` // name, role and SHA-256 a line, as written, see Config.Path; without it nobody needs one
	OpenMetrics bool   `json:"open_metrics"`     // /metrics needs no token
	Insecure    bool   `json:"insecure"`         // beyond loopback without tokens or client certificates
	TLS         TLS    `json:"tls"`              // of the admin address
	MaxChanges  int    `json:"max_changes"`      // changing calls of one actor in a minute; 0: any
	MaxFailures int    `json:"max_failures"`     // of one address to say who it is, in a minute; 0: any
	Audit       Audit  `json:"audit"`
}

// Audit bounds the audit log in the state folder.
type Audit struct {
	MaxSize Size `json:"max_size"` // of a file, which is then put aside
	Keep    int  `json:"keep"`     // files that were put aside
}

func (c *checker) admin(cfg *Config) {
	a := cfg.Admin
	c.tls("admin.tls", a.TLS)
	c.count("admin.max_changes", a.MaxChanges, 0, 1_000_000)
	c.count("admin.max_failures", a.MaxFailures, 0, 1_000_000)
	c.size("admin.audit.max_size", a.Audit.MaxSize, 64*kib, 1024*mib)
	c.count("admin.audit.keep", a.Audit.Keep, 0, 1000)
	if a.Tokens == "" && c.said("admin.tokens") {
		c.fault(RuleAdminTokens, "admin.tokens", "names no file, so nobody would need a token; name a file with the lines of \"weir token\", or remove tokens")
	}
	if a.Tokens == "" && c.said("admin.open_metrics") {
		c.fault(RuleAdminTokens, "admin.open_metrics", "means something with admin.tokens only; add that, or remove this")
	}
	if a.Tokens == "" && a.TLS.ClientCA == "" && !a.Insecure && !loopback(cfg.Listen.Admin) {
		c.fault(RuleAdminExposed, "listen.admin",
			"%s can be reached from other machines, and whoever reaches it could move traffic; give admin.tokens or admin.tls.client_ca, "+
				"listen on 127.0.0.1, or say admin: {insecure: true} where a network keeps others away", cfg.Listen.Admin)
	}
}

// loopback says whether only this machine reaches the address. One that is none
// has a fault of its own.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil || strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
