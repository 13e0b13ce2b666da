package config

import (
	"fmt"
	"net/netip"
	"strings"
)

func (c *checker) forwarded(f Forwarded) {
	c.oneOf(RuleStyle, "forwarded.style", f.Style, "x-forwarded", "forwarded", "both", "off")
	for i, text := range f.Trust {
		if _, err := parseNetwork(text); err != nil {
			c.fault(RuleTrust, fmt.Sprintf("forwarded.trust[%d]", i), "%q is no network; write it such as 10.0.0.0/8, or an address such as 10.0.0.1", text)
		}
	}
}

// Networks returns Trust as networks; an address is a network of its own.
func (f Forwarded) Networks() []netip.Prefix {
	out := make([]netip.Prefix, 0, len(f.Trust))
	for _, text := range f.Trust {
		if p, err := parseNetwork(text); err == nil { // the others were refused when the file was read
			out = append(out, p)
		}
	}
	return out
}

func parseNetwork(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Unmap().WithZone("").Prefix(a.Unmap().BitLen())
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

func (c *checker) tls(path string, t TLS) {
	switch {
	case t.Cert == "" && t.Key == "" && (t.ClientCA != "" || c.said(path)):
		c.fault(RuleTLS, path, "has no certificate; name the files cert and key, or remove tls")
	case t.Cert != "" && t.Key == "":
		c.fault(RuleTLS, path+".key", "is missing; name the file with the key of cert")
	case t.Key != "" && t.Cert == "":
		c.fault(RuleTLS, path+".cert", "is missing; name the file with the certificate of key")
	}
}

func (c *checker) keys(cfg *Config) {
	k := cfg.Keys
	c.oneOf(RuleKeys, "keys.header", k.Header, "authorization", "x-api-key")
	if k.File == "" {
		if c.said("keys") {
			c.fault(RuleKeys, "keys.file", "is missing, so nobody would need a key; name a file with one key a line, or remove keys")
		}
		return
	}
	for _, name := range cfg.ModelNames() {
		for i, slice := range cfg.Models[name].Monitor.Slices {
			if strings.EqualFold(slice, "header:"+k.Header) {
				c.fault(RuleKeys, fmt.Sprintf("models.%s.monitor.slices[%d]", name, i), "would show clients' keys in the monitor; remove it")
			}
		}
	}
}
