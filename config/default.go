package config

import (
	"fmt"
	"time"

	"github.com/weir-gateway/weir/registry"
)

// defaulter is a part of the configuration that starts from something else
// than zero values. The decoder asks it before it reads what the file says.
type defaulter interface{ setDefaults() }

// defaults returns the configuration of an empty file, without models.
func defaults() *Config {
	return &Config{
		Listen:       Listen{HTTP: "127.0.0.1:8080", Admin: "127.0.0.1:8081"},
		Admin:        Admin{MaxChanges: 600, MaxFailures: 30, Audit: Audit{MaxSize: 16 * mib, Keep: 4}},
		Registry:     Registry{Kind: "file", Dir: "./registry"},
		StateDir:     "./state",
		DrainTimeout: Duration(30 * time.Second),
		Limits: Limits{
			MaxHeader:     16 * kib,
			HeaderTimeout: Duration(10 * time.Second),
			IdleTimeout:   Duration(2 * time.Minute),

			MaxTarget:               8 * kib,
			BodyIdle:                Duration(30 * time.Second),
			BodyRate:                512,
			MaxConnections:          20_000,
			MaxConnectionsPerClient: 4096,
		},
		Keys:      Keys{Header: "authorization"},
		Forwarded: Forwarded{Style: "x-forwarded"},
		AccessLog: AccessLog{Sample: 0.01, Errors: true},
		Tracing:   Tracing{Sample: 0.001},
	}
}

const (
	kib Size = 1 << 10
	mib Size = 1 << 20
)

func (m *Model) setDefaults() {
	m.Timeout = Duration(15 * time.Second)
	m.MaxBody = 512 * mib
	m.Upstream = Upstream{
		ConnectTimeout: Duration(time.Second),
		IdleTimeout:    Duration(30 * time.Second),
		Health:         Health{Interval: Duration(5 * time.Second), Timeout: Duration(time.Second)},

		MaxQueue:        128,
		QueueTimeout:    Duration(time.Second),
		Balance:         "least_inflight",
		SlowStart:       Duration(10 * time.Second),
		ResolveInterval: Duration(30 * time.Second),
		Ejection:        Ejection{Failures: 5, Time: Duration(5 * time.Second), MaxShare: 50},
		Hedge:           Hedge{After: hedgeOff, Budget: 10},
	}
	m.Shadow = Shadow{
		Queue:     1024,
		MaxBytes:  64 * mib,
		MaxBody:   4 * mib,
		Workers:   64,
		MaxRate:   64 * mib,
		Timeout:   Duration(2 * time.Second),
		Tolerance: 1e-6,
	}
	m.Monitor = Monitor{
		Window:          Duration(10 * time.Minute),
		Reference:       "profile",
		FalseAlarmEvery: 1_000_000,
		Sample:          1,
		Queue:           4096,
		MaxBytes:        64 * mib,
		MaxBody:         1 * mib,
		Workers:         1,
		MaxMemory:       256 * mib,
		Labels:          Labels{TTL: Duration(24 * time.Hour), Max: 100_000, MaxBytes: 64 * mib},
	}
	m.Rollout = Rollout{
		Strategy:   "canary",
		Automation: "supervised",
		Preview:    Preview{MinRequests: 500},
		Shadow:     ShadowStage{MinPairs: 500, MaxDisagreement: 0.1},
		Steps: []Step{
			{Weight: 1 * registry.Full / 100, MinRequests: 500, MinTime: Duration(time.Minute)},
			{Weight: 10 * registry.Full / 100, MinRequests: 2000},
			{Weight: 50 * registry.Full / 100, MinRequests: 2000},
		},
		FalseAlarm: 0.01,
		Guardrails: []Guardrail{{Metric: "errors"}, {Metric: "latency"}, {Metric: "prediction"}},
		Deadline:   Duration(24 * time.Hour),
		Bake:       Duration(30 * time.Minute),
	}
}

func (s *Step) setDefaults() { s.MinRequests = 500 }

func (h *Hook) setDefaults() { h.Timeout, h.Retries = Duration(5*time.Second), 3 }

// metrics are the guardrails' metrics with the margin each has by default, the
// largest that means anything, and the unit.
var metrics = map[string]struct {
	margin, max float64
	unit        string
}{
	"errors":     {0.5, 100, "percentage points"},
	"latency":    {20, 10_000, "per cent of the stable version's"},
	"quality":    {2, 100, "percentage points"},
	"prediction": {0.1, 1, "a distance between distributions"},
}

// derive fills in the defaults that depend on other values: a prefix on the
// protocol and the model's name, a margin on the metric. What the file says is
// left alone, even where it says nothing in so many words: path: "".
func (c *Config) derive(said func(path string) bool) {
	if c.Registry.Kind == "consul" {
		c.Registry.deriveConsul(said)
	}
	for name, m := range c.Models {
		path := join("models", name)
		protocol := protocols[m.Protocol]
		if protocol.prefix != nil && !said(path+".route.prefix") {
			m.Route.Prefix = protocol.prefix(name)
		}
		if !said(path + ".upstream.health.path") {
			m.Upstream.Health.Path = protocol.health
		}
		m.Source.derive(name, path+".source", said)
		for i := range m.Rollout.Guardrails {
			g := &m.Rollout.Guardrails[i]
			inner := fmt.Sprintf("%s.rollout.guardrails[%d]", path, i)
			if !said(inner + ".margin") {
				g.Margin = metrics[g.Metric].margin
			}
			if g.Metric == "latency" && !said(inner+".quantile") {
				g.Quantile = 0.99
			}
		}
	}
}

// protocols are the ones this release speaks. A protocol without a prefix of
// its own needs route.prefix; one without a health path is checked by opening
// a connection.
var protocols = map[string]struct {
	prefix func(model string) string
	health string
}{
	"oip":       {func(m string) string { return "/v2/models/" + m }, "/v2/health/ready"},
	"tfserving": {func(m string) string { return "/v1/models/" + m }, ""},
	"mlflow":    {func(string) string { return "/invocations" }, "/ping"},
	"json":      {},
}

func (r *Registry) deriveConsul(said func(path string) bool) {
	if !said("registry.dir") {
		r.Dir = ""
	}
	if !said("registry.address") {
		r.Address = "127.0.0.1:8500"
	}
	if !said("registry.prefix") {
		r.Prefix = "weir"
	}
}
