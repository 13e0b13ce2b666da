package lint

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// layers says which packages of ours a package may import. The most specific
// row holds. Tests may import more: see testOnly.
var layers = []struct {
	pkg string
	may []string
}{
	// Leaves: they can be read, tested and replaced alone.
	{"registry", nil},
	{"protocol", nil},
	{"protocol/encoding", nil},
	{"internal/accesslog", nil},
	{"internal/tracing", nil},
	{"internal/handover", nil},
	{"proxy/http1", nil},
	{"proxy/conformance", nil}, // nothing but tests
	{"monitor/...", nil},       // numerics: no I/O, no clock
	{"monitor/report", []string{"monitor/drift", "monitor/tabular"}},
	{"config", []string{"registry"}},
	{"router", []string{"registry"}},

	{"registry/...", []string{"registry"}},
	{"proxy", []string{"proxy/http1", "router"}}, // never monitor or registry: it declares the Observer it needs
	{"monitor", []string{"monitor/...", "protocol/..."}},

	// The walk, its judge and its counts.
	{"rollout/judge", []string{"monitor/..."}},
	{"rollout/tally", []string{"monitor/...", "rollout/judge"}},
	{"rollout", []string{"monitor/...", "registry", "rollout/judge"}},
	{"rollout/hook", []string{"rollout"}}, // HTTP to others' services, which the walk itself does not speak

	// The API as types, from the caller's side, and served.
	{"admin/api", []string{"monitor", "registry", "rollout", "rollout/judge"}},
	{"admin/client", []string{"admin/api", "monitor", "registry", "rollout", "rollout/judge"}},
	{"admin/access", nil}, // who may call: no I/O, so that the command can make tokens
	{"admin/audit", []string{"admin/api"}},
	{"admin", []string{"admin/access", "admin/api", "monitor", "registry", "rollout", "rollout/judge"}},

	// Wiring: knows everybody, and nobody knows it but what runs a gateway.
	{"internal/gateway", []string{
		"admin", "admin/access", "admin/api", "admin/audit", "config", "internal/accesslog", "internal/handover", "internal/tracing", "monitor/...", "protocol", "proxy", "registry/...", "rollout/...", "router",
	}},

	// The demo is a user: it runs a gateway and talks to its API.
	{"internal/demo", []string{
		"admin/api", "admin/client", "config", "internal/demo/...", "internal/gateway", "monitor", "registry", "rollout", "rollout/judge",
	}},
	{"internal/demo/...", []string{"internal/demo/..."}},

	// The command: flags in, tables out; the types of the API to print them.
	{"cmd/weir", []string{
		"admin/access", "admin/api", "admin/client", "config", "internal/demo", "internal/gateway", "monitor", "monitor/drift", "monitor/report", "registry", "rollout", "rollout/judge",
	}},

	{"internal/lint", nil},
	{"internal/peers", nil},
	{"internal/parity", nil},
	{"internal/sim", nil},
	{"bench/...", []string{"admin/api", "admin/client", "bench/...", "config", "monitor/...", "protocol", "proxy", "registry/...", "rollout", "router"}},
}

// testOnly are packages that only tests may import.
var testOnly = []string{"registry/consul/consultest", "registry/registrytest"}

// never are packages that nobody imports, tests included, but where their own
// row says so.
var never = []string{"cmd/...", "bench/...", "internal/lint", "internal/parity", "internal/peers", "internal/sim"}

// places says where alone a package of others may be imported.
var places = []struct {
	pkg   string
	where []string
	why   string
}{
	{"github.com/prometheus/client_golang/...", []string{"internal/gateway"}, "metrics are collected in one place; hand it numbers"},
	{"github.com/hashicorp/consul/...", []string{"registry/consul/..."}, "Consul is one kind of registry"},
	{"github.com/valyala/fasthttp/...", []string{"proxy/...", "internal/demo/...", "internal/peers", "bench/..."}, "the data plane's library"},
	{"github.com/parquet-go/...", []string{"monitor/tabular"}, "tables are read in one place, by one meaning of a cell"},
	{"github.com/spf13/cobra", []string{"cmd/weir"}, "flags are the command's"},
	{"github.com/goccy/go-yaml/...", []string{"config", "internal/lint"}, "YAML is configuration's"},
	{"net/http/pprof", nil, "it registers handlers for everybody in init"},
	{"expvar", nil, "it keeps state for everybody"},
	{"log", []string{"internal/demo/data/make"}, "use log/slog, passed in"},
	{"math/rand", nil, "use math/rand/v2 with a source that is passed in"},
	{"embed", []string{"admin", "internal/demo/..."}, "the binary carries the API's description and the demo's data, nothing else"},
}

func TestImportsKeepTheLayers(t *testing.T) {
	for _, p := range packages(t) {
		for _, fault := range layerFaults(p) {
			t.Error(fault)
		}
	}
}

func TestEveryLayerExists(t *testing.T) {
	all := packages(t)
	for _, row := range layers {
		dir, pattern := strings.CutSuffix(row.pkg, "/...")
		if dir == "bench" || pattern {
			continue // a folder to come, or rows for what is under a package
		}
		if all[dir] == nil {
			t.Errorf("layers has a row for %s, which is no package", row.pkg)
		}
	}
}

func layerFaults(p *pkg) (faults []string) {
	may, known := layer(p.path)
	if !known {
		return []string{fmt.Sprintf("%s is in no layer; add a row to layers in internal/lint/imports_test.go", p.path)}
	}
	for file, f := range p.files {
		for name, pos := range imports(f) {
			add := func(format string, args ...any) {
				faults = append(faults, p.at(pos)+": "+fmt.Sprintf(format, args...))
			}
			if ours, ok := strings.CutPrefix(name, module+"/"); ok {
				switch {
				case ours == p.path:
				case matchesAny(never, ours) && !matchesAny(may, ours):
					add("nobody imports %s", ours)
				case isTest(file):
				case matchesAny(testOnly, ours):
					add("%s is for tests", ours)
				case !matchesAny(may, ours):
					add("%s may not import %s: layers in internal/lint/imports_test.go", p.path, ours)
				}
				continue
			}
			if isTest(file) {
				continue
			}
			for _, place := range places {
				if matches(place.pkg, name) && !matchesAny(place.where, p.path) {
					add("%s may not import %s: %s", p.path, name, place.why)
				}
			}
		}
	}
	slices.Sort(faults)
	return faults
}

// layer returns what the most specific row for a package allows.
func layer(name string) (may []string, known bool) {
	best := -1
	for _, row := range layers {
		exact := len(strings.TrimSuffix(row.pkg, "/...")) * 2
		if row.pkg == name {
			exact++
		}
		if matches(row.pkg, name) && exact > best {
			best, may, known = exact, row.may, true
		}
	}
	return may, known
}
