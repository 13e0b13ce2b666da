package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// source makes a package of one file, as if it stood at path.
func source(t *testing.T, path, text string) *pkg {
	t.Helper()
	p := &pkg{path: path, fset: token.NewFileSet(), files: map[string]*ast.File{}}
	f, err := parser.ParseFile(p.fset, "x.go", text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	p.files[path+"/x.go"] = f
	return p
}

// TestTheRulesFindWhatTheyAreFor breaks each rule once: a rule that finds
// nothing in a clean repository may as well have stopped to work.
func TestTheRulesFindWhatTheyAreFor(t *testing.T) {
	for _, c := range []struct {
		name, at, text string
		faults         func(*pkg) []string
		want           string // in the one fault; "" for none
	}{
		{"an upward import", "proxy", `package p; import _ "github.com/weir-gateway/weir/monitor"`, layerFaults, "proxy may not import monitor"},
		{"a layer's own import", "proxy", `package p; import _ "github.com/weir-gateway/weir/router"`, layerFaults, ""},
		{"a package of no layer", "util", `package p`, layerFaults, "util is in no layer"},
		{"the command imported", "admin", `package p; import _ "github.com/weir-gateway/weir/cmd/weir"`, layerFaults, "nobody imports cmd/weir"},
		{"a suite for tests", "internal/gateway", `package p; import _ "github.com/weir-gateway/weir/registry/registrytest"`, layerFaults, "is for tests"},
		{"metrics elsewhere", "proxy", `package p; import _ "github.com/prometheus/client_golang/prometheus"`, layerFaults, "metrics are collected in one place"},
		{"Consul elsewhere", "admin", `package p; import _ "github.com/hashicorp/consul/api"`, layerFaults, "one kind of registry"},

		{"a clock in a pure package", "router", `package p; import "time"; var _ = time.Now`, callFaults, "it is pure"},
		{"a clock under another name", "router", `package p; import clock "time"; func f() { clock.Now() }`, callFaults, "it is pure"},
		{"a clock where it may be", "admin", `package p; import "time"; func f() { time.Now() }`, callFaults, ""},
		{"the global client", "admin", `package p; import "net/http"; func f() { http.Get("") }`, callFaults, "it is global"},
		{"the global logger", "proxy", `package p; import "log/slog"; func f() { slog.Info("") }`, callFaults, "the logger is passed in"},
		{"an untyped atomic", "proxy", `package p; import "sync/atomic"; func f(n *int64) { atomic.AddInt64(n, 1) }`, callFaults, "typed atomics"},
		{"a typed atomic", "proxy", `package p; import "sync/atomic"; type t struct{ n atomic.Int64 }`, callFaults, ""},
		{"a library that ends the process", "proxy", `package p; import "os"; func f() { os.Exit(1) }`, callFaults, "only a command"},
		{"global randomness", "monitor", `package p; import "math/rand/v2"; func f() { rand.IntN(3) }`, callFaults, "its source is global"},

		{"an empty variable", "p", `package p; var n int`, stateFaults, "starts empty"},
		{"a lock", "p", `package p; import "sync"; var mu = sync.Mutex{}`, stateFaults, "sync.Mutex"},
		{"a map to fill", "p", `package p; var m = make(map[string]int)`, stateFaults, "make(…)"},
		{"a counter", "p", `package p; var n = 1; func f() { n++ }`, stateFaults, "is written to"},
		{"a table that is changed", "p", `package p; var m = map[int]int{1: 2}; func f() { m[1] = 3 }`, stateFaults, "is written to"},
		{"a table that is deleted from", "p", `package p; var m = map[int]int{1: 2}; func f() { delete(m, 1) }`, stateFaults, "is written to"},
		{"a pointer that leaks", "p", `package p; var n = 1; func f() *int { return &n }`, stateFaults, "is written to"},
		{"a table", "p", `package p; var m = map[int]int{1: 2}; func f() int { return m[1] }`, stateFaults, ""},
		{"a local of the same name", "p", `package p; var n = 1; func f() { n := n; n++ }`, stateFaults, ""},
		{"an embedded file", "p", "package p\n//go:embed x\nvar data []byte", stateFaults, ""},
		{"an error", "p", `package p; import "errors"; var errX = errors.New("x")`, stateFaults, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(c.faults(source(t, c.at, c.text)), "\n")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}
