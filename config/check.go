package config

import (
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/token"
)

// checker holds the rules of meaning. Each check looks at decoded values and
// notes a fault at the place in the file that has to change.
type checker struct{ *decoder }

// fault notes a fault at path: where its value stands or, where the file does
// not have the key, at the nearest key around it. A value whose form was
// already refused is not judged for its meaning too: it is a default by now.
func (c *checker) fault(rule Rule, path, format string, args ...any) {
	for at := path; ; at = parent(at) {
		if c.broken[at] {
			return
		}
		if at == "" {
			break
		}
	}
	c.fail(c.place(path), rule, path, format, args...)
}

func (c *checker) place(path string) *token.Position {
	if m, ok := c.marks[path]; ok {
		return m.value
	}
	for path != "" {
		path = parent(path)
		if m, ok := c.marks[path]; ok {
			return m.key
		}
	}
	return nil
}

func parent(path string) string { return path[:max(0, strings.LastIndexAny(path, ".["))] }

func (c *checker) config(cfg *Config) {
	c.listen(cfg.Listen)
	c.registry(cfg.Registry)
	if cfg.StateDir == "" {
		c.fault(RuleEmptyFolder, "state_dir", "is empty; name a folder, such as ./state")
	}
	c.duration("drain_timeout", cfg.DrainTimeout, 0, 24*time.Hour)
	c.limits(cfg.Limits)
	c.forwarded(cfg.Forwarded)
	c.tls("listen.tls", cfg.Listen.TLS)
	c.admin(cfg)
	c.keys(cfg)
	c.accessLog(cfg.AccessLog)
	c.tracing(cfg.Tracing)
	c.discovery(cfg.Discovery)
	if len(cfg.Models) == 0 {
		c.fault(RuleNoModels, "models", "no model is configured; add one, such as models: {flights: {protocol: oip}}")
	}
	for _, name := range cfg.ModelNames() {
		c.model(name, cfg.Models[name])
	}
	c.prefixes(cfg)
}

func (c *checker) listen(l Listen) {
	okHTTP := c.address("listen.http", l.HTTP)
	okAdmin := c.address("listen.admin", l.Admin)
	if !okHTTP || !okAdmin {
		return
	}
	hostA, portA, _ := net.SplitHostPort(l.HTTP)
	hostB, portB, _ := net.SplitHostPort(l.Admin)
	if portA == portB && portA != "0" && (hostA == hostB || anyHost(hostA) || anyHost(hostB)) {
		c.fault(RuleSameAddress, "listen.admin", "is %s, and so is listen.http (%s); give one of them another port", l.Admin, l.HTTP)
	}
}

func anyHost(host string) bool { return host == "" || host == "0.0.0.0" || host == "::" }

func (c *checker) address(path, address string) bool {
	_, port, err := net.SplitHostPort(address)
	if n, numeric := strconv.ParseUint(port, 10, 16); err != nil || numeric != nil || n > 65535 {
		c.fault(RuleAddress, path, "%q is not an address; write host:port, such as 127.0.0.1:8080", address)
		return false
	}
	return true
}

func (c *checker) limits(l Limits) {
	c.size("limits.max_header", l.MaxHeader, 1*kib, 1*mib)
	c.duration("limits.header_timeout", l.HeaderTimeout, time.Millisecond, time.Hour)
	c.duration("limits.idle_timeout", l.IdleTimeout, time.Millisecond, 24*time.Hour)
	c.size("limits.max_target", l.MaxTarget, 64, 1*mib)
	c.duration("limits.body_idle", l.BodyIdle, time.Millisecond, time.Hour)
	c.size("limits.body_rate", l.BodyRate, 0, 1024*mib)
	c.count("limits.max_connections", l.MaxConnections, 0, 10_000_000)
	c.count("limits.max_connections_per_client", l.MaxConnectionsPerClient, 0, 10_000_000)
}

// prefixes refuses two models that claim the same requests.
func (c *checker) prefixes(cfg *Config) {
	owner := make(map[string]string, len(cfg.Models))
	for _, name := range cfg.ModelNames() {
		prefix := cfg.Models[name].Route.Prefix
		if prefix == "" {
			continue // noted by the model's own check
		}
		first, taken := owner[prefix]
		if !taken {
			owner[prefix] = name
			continue
		}
		c.fault(RulePrefixTwice, "models."+name+".route.prefix",
			"models %s and %s both have the prefix %s; give one of them another with route: {prefix: …}", first, name, prefix)
	}
}

func (c *checker) duration(path string, v Duration, lowest, highest time.Duration) {
	if v.Std() < lowest || v.Std() > highest {
		c.outOfRange(path, v.String(), Duration(lowest).String(), Duration(highest).String())
	}
}

func (c *checker) size(path string, v, lowest, highest Size) {
	if v < lowest || v > highest {
		c.outOfRange(path, v.String(), lowest.String(), highest.String())
	}
}

func (c *checker) count(path string, v, lowest, highest int) {
	if v < lowest || v > highest {
		c.outOfRange(path, strconv.Itoa(v), strconv.Itoa(lowest), strconv.Itoa(highest))
	}
}

func (c *checker) number(path string, v, lowest, highest float64) {
	if v < lowest || v > highest {
		c.outOfRange(path, number(v), number(lowest), number(highest))
	}
}

func (c *checker) outOfRange(path, v, lowest, highest string) {
	c.fault(RuleRange, path, "%s is out of range; use %s to %s", v, lowest, highest)
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// oneOf notes a word that is none of the known ones.
func (c *checker) oneOf(rule Rule, path, word string, known ...string) {
	if !slices.Contains(known, word) {
		c.fault(rule, path, "%q is unknown; %s", word, suggestValue(word, known))
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
