package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weir-gateway/weir/registry"
)

func (c *checker) model(name string, m *Model) {
	path := join("models", name)
	if err := registry.ValidateName("model", name); err != nil {
		c.fail(c.marks[path].key, RuleModelName, path,
			"%q is no name for a model; use letters, digits and . _ - +, at most 128, beginning with a letter or digit", shorten(name))
	}
	c.protocol(path, m)
	c.route(path+".route.prefix", m)
	c.assign(path+".assign", m.Assign)
	if c.said(path + ".pin.header") {
		c.header(path+".pin.header", m.Pin.Header)
	}
	c.duration(path+".timeout", m.Timeout, time.Millisecond, 24*time.Hour)
	c.size(path+".max_body", m.MaxBody, 1*kib, 1<<40)
	c.upstream(path+".upstream", m.Upstream)
	c.hedge(path+".upstream.hedge", m)
	if m.Upstream.Balance == "hash" && m.Assign == (Assign{}) {
		c.fault(RuleBalanceKey, path+".upstream.balance", "hash sends requests with the same key to the same endpoint, and assign names no key; add one, or use least_inflight")
	}
	c.shadow(path+".shadow", m.Shadow)
	c.shadowNoise(path+".shadow.noise_sample", m)
	if !m.Monitor.Off {
		c.monitor(path+".monitor", m.Monitor)
	}
	c.rollout(path+".rollout", m.Rollout)
	c.source(path+".source", m.Source)
	c.guardrailSlices(path+".rollout.guardrails", m)
	c.shadowsWatched(path+".rollout.shadow", m)
}

func (c *checker) protocol(path string, m *Model) {
	inner := path + ".protocol"
	known := sortedKeys(protocols)
	_, ok := protocols[m.Protocol]
	switch {
	case ok:
	case m.Protocol == "openai":
		c.fault(RuleProtocol, inner, "openai is not in this release; protocol: json with route: {prefix: /v1} routes and observes its JSON requests meanwhile")
	case !c.said(inner):
		c.fault(RuleProtocol, inner, "is missing; it can be %s", either(known))
	case m.Protocol != "":
		c.oneOf(RuleProtocol, inner, m.Protocol, known...)
	}
}

func (c *checker) route(path string, m *Model) {
	prefix := m.Route.Prefix
	if !c.said(path) {
		if m.Protocol == "json" {
			c.fault(RulePrefixMissing, path, "is missing; the json protocol has no path of its own, so name the path under which clients call this model")
		}
		return
	}
	if fault := pathFault(prefix); fault != "" {
		c.fault(RulePrefix, path, "%q %s", prefix, fault)
	} else if prefix != "/" && strings.HasSuffix(prefix, "/") {
		c.fault(RulePrefix, path, "%q ends with a slash; write %q, which has everything under it", prefix, strings.TrimRight(prefix, "/"))
	}
}

// pathFault says why a path could never be the path of a request, as it is
// matched byte for byte; "" where nothing is wrong.
func pathFault(path string) string {
	switch {
	case !strings.HasPrefix(path, "/"):
		return "is no path; begin it with a slash"
	case strings.ContainsAny(path, "?#"):
		return "has a query or fragment; write the path alone"
	case strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "has a byte that a path cannot have; write it percent-encoded, as clients send it"
	case strings.Contains(path, "//") || slices.ContainsFunc(strings.Split(path, "/"), func(s string) bool { return s == "." || s == ".." }):
		return "has an empty segment, . or ..; paths are matched as they come, so write it plainly"
	}
	return ""
}

func (c *checker) assign(path string, a Assign) {
	var given []string
	for _, k := range []struct{ key, value string }{{"header", a.Header}, {"cookie", a.Cookie}, {"json", a.JSON}} {
		inner := join(path, k.key)
		if !c.said(inner) {
			continue
		}
		given = append(given, k.key)
		switch k.key {
		case "header":
			c.header(inner, k.value)
		case "cookie":
			if !isToken(k.value) {
				c.fault(RuleCookieName, inner, "%q is no name of a cookie; write the name alone", k.value)
			}
		case "json":
			if k.value == "" {
				c.fault(RuleNoValue, inner, "is empty; name a field of the request's JSON body, such as user.id, or remove assign")
			}
		}
	}
	if len(given) > 1 {
		c.fail(c.marks[path].key, RuleAssignOne, path, "has %s; a client sticks by one key, so keep one of them", list(given))
	}
}

// unusable are header fields that a client cannot choose, or that do not reach
// another hop.
var unusable = []string{
	"connection", "content-length", "expect", "host", "keep-alive", "proxy-connection",
	"te", "trailer", "transfer-encoding", "upgrade",
}

func (c *checker) header(path, name string) {
	switch {
	case !isToken(name):
		c.fault(RuleHeaderName, path, "%q is no name of a header; write the name alone, such as x-user-id", name)
	case slices.Contains(unusable, strings.ToLower(name)):
		c.fault(RuleHeaderName, path, "the header %s belongs to the connection, not to the client; choose another, such as x-user-id", name)
	}
}

// isToken reports whether s is a token of RFC 9110, section 5.6.2: what names
// of headers and cookies are made of.
func isToken(s string) bool {
	const special = "!#$%&'*+-.^_`|~"
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		alnum := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !alnum && !strings.ContainsRune(special, r)
	})
}

func (c *checker) upstream(path string, u Upstream) {
	c.duration(path+".connect_timeout", u.ConnectTimeout, time.Millisecond, time.Hour)
	c.duration(path+".idle_timeout", u.IdleTimeout, time.Millisecond, 24*time.Hour)
	c.duration(path+".health.interval", u.Health.Interval, 10*time.Millisecond, time.Hour)
	c.duration(path+".health.timeout", u.Health.Timeout, time.Millisecond, time.Hour)
	c.upstreamTLS(path+".tls", u.TLS)
	c.count(path+".max_connections", u.MaxConnections, 0, 1_000_000)
	c.count(path+".max_queue", u.MaxQueue, 0, 1_000_000)
	c.duration(path+".queue_timeout", u.QueueTimeout, time.Millisecond, time.Hour)
	c.oneOf(RuleBalance, path+".balance", u.Balance, "least_inflight", "p2c_ewma", "round_robin", "hash")
	c.duration(path+".slow_start", u.SlowStart, 0, time.Hour)
	c.duration(path+".resolve_interval", u.ResolveInterval, 100*time.Millisecond, 24*time.Hour)
	c.count(path+".ejection.failures", u.Ejection.Failures, 0, 1_000_000)
	c.duration(path+".ejection.time", u.Ejection.Time, 10*time.Millisecond, 5*time.Minute)
	c.number(path+".ejection.max_share", u.Ejection.MaxShare, 0, 100)
	if u.Health.Path == "" {
		return
	}
	if fault := pathFault(u.Health.Path); fault != "" {
		c.fault(RuleHealthPath, path+".health.path", "%q %s", u.Health.Path, fault)
	}
}

func (c *checker) upstreamTLS(path string, t UpstreamTLS) {
	if t.Cert != "" && t.Key == "" {
		c.fault(RuleUpstreamTLS, path+".key", "is missing; name the file with the key of cert")
	}
	if t.Key != "" && t.Cert == "" {
		c.fault(RuleUpstreamTLS, path+".cert", "is missing; name the file with the certificate of key")
	}
	if t.InsecureSkipVerify && (t.CA != "" || t.ServerName != "") {
		c.fault(RuleUpstreamTLS, path+".insecure_skip_verify", "takes any certificate, so that ca and server_name check nothing; remove it or them")
	}
}

func (c *checker) shadow(path string, s Shadow) {
	c.count(path+".queue", s.Queue, 1, 1_000_000)
	c.count(path+".workers", s.Workers, 1, 10_000)
	c.size(path+".max_bytes", s.MaxBytes, 1*kib, 1<<40)
	c.size(path+".max_body", s.MaxBody, 0, 1<<40)
	c.size(path+".max_rate", s.MaxRate, 1*kib, 1<<40)
	c.duration(path+".timeout", s.Timeout, time.Millisecond, 24*time.Hour)
	c.number(path+".tolerance", s.Tolerance, 0, 1)
	for _, output := range sortedKeys(s.Tolerances) {
		c.number(join(path+".tolerances", output), s.Tolerances[output], 0, 1)
	}
	if s.MaxBody > s.MaxBytes {
		c.fault(RuleShadowMemory, path+".max_body", "is %s, but all copies together may take max_bytes, %s; lower it or raise max_bytes", s.MaxBody, s.MaxBytes)
	}
}

// shadowNoise refuses to ask a version twice where that may do harm, or nobody
// looks at the answer.
func (c *checker) shadowNoise(path string, m *Model) {
	c.number(path, m.Shadow.NoiseSample, 0, 1)
	switch {
	case m.Shadow.NoiseSample <= 0:
	case !m.Idempotent:
		c.fault(RuleShadowNoise, path, "runs requests of clients a second time on the version that answers them; say idempotent: true where that changes nothing, or remove it")
	case m.Monitor.Off:
		c.fault(RuleShadowNoise, path, "is for the monitor to compare, and that is off; remove monitor: off or noise_sample")
	}
}

func (c *checker) monitor(path string, m Monitor) {
	c.duration(path+".window", m.Window, time.Second, 31*24*time.Hour)
	c.oneOf(RuleReference, path+".reference", m.Reference, "profile", "stable")
	c.number(path+".false_alarm_every", m.FalseAlarmEvery, 100, 1e15)
	c.number(path+".sample", m.Sample, 0.0001, 1)
	c.count(path+".queue", m.Queue, 1, 1_000_000)
	c.count(path+".workers", m.Workers, 1, 1024)
	c.size(path+".max_bytes", m.MaxBytes, 1*kib, 1<<40)
	c.size(path+".max_body", m.MaxBody, 0, 1<<40)
	c.size(path+".max_memory", m.MaxMemory, 1*mib, 1<<40)
	c.duration(path+".labels.ttl", m.Labels.TTL, time.Second, 31*24*time.Hour)
	c.count(path+".labels.max", m.Labels.Max, 1, 100_000_000)
	c.size(path+".labels.max_bytes", m.Labels.MaxBytes, 1*kib, 1<<40)
	if 2*m.MaxBody > m.MaxBytes {
		c.fault(RuleMonitorMemory, path+".max_body", "is %s, so that one exchange (a request and its answer) takes up to %s, but all that wait may take max_bytes, %s; lower it or raise max_bytes",
			m.MaxBody, 2*m.MaxBody, m.MaxBytes)
	}
	seen := make(map[string]bool, len(m.Slices))
	for i, s := range m.Slices {
		inner := fmt.Sprintf("%s.slices[%d]", path, i)
		header, isHeader := strings.CutPrefix(s, "header:")
		switch {
		case isHeader:
			c.header(inner, header)
		case s == "":
			c.fault(RuleSlice, inner, "is empty; name an input field, or header:NAME")
		}
		if seen[s] {
			c.fault(RuleSlice, inner, "%q is there twice; keep one", s)
		}
		seen[s] = true
	}
	for _, tensor := range sortedKeys(m.Features) {
		c.features(join(path+".features", tensor), m.Features[tensor])
	}
	c.derived(path, m)
}

func (c *checker) features(path string, names []string) {
	if len(names) == 0 {
		c.fault(RuleFeature, path, "names no column; list the names in the order of the columns, or remove the key")
	}
	seen := make(map[string]int, len(names))
	for i, name := range names {
		inner := fmt.Sprintf("%s[%d]", path, i)
		if name == "" {
			c.fault(RuleFeature, inner, "is empty; give the column a name")
		} else if first, twice := seen[name]; twice {
			c.fault(RuleFeature, inner, "%q is already the name of column %d; give each column its own", name, first)
		} else {
			seen[name] = i
		}
	}
}
