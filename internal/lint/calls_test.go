package lint

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pure packages compute: no clock, no randomness of their own, no I/O. Time and
// random bits are arguments, so that every result can be had again.
var pure = []string{"config", "monitor/describe", "monitor/drift", "monitor/sequential", "monitor/sketch", "protocol/...", "proxy/http1", "registry", "rollout/judge", "router"}

// commands are where a process may talk to its terminal and end itself.
var commands = []string{"bench", "cmd/weir", "internal/demo/data/make"}

// calls are uses of other packages that are forbidden in code that is not a
// test. A package is forbidden a call if it is in only (nil: everybody) and
// not in but.
var calls = []struct {
	pkg, names string // the import path, and a pattern for the whole name
	only, but  []string
	why        string
}{
	{"time", "Now|Since|Until|Sleep|After|AfterFunc|Tick|NewTimer|NewTicker", pure, nil, "it is pure; pass the time in"},
	{"time", "Sleep", nil, []string{"bench/...", "proxy"}, "wait for what you are waiting for, or select on a timer and the context"},
	{"time", "Tick", nil, nil, "nobody can stop it; use a Ticker"},
	{"math/rand/v2", "[A-Z].*", []string{"router", "rollout/judge", "monitor/describe", "monitor/sequential", "monitor/drift", "proxy/http1", "config", "registry"}, nil, "it is pure; pass random bits in"},
	{"math/rand/v2", "(Int|Uint|Float|Norm|Exp|Perm|Shuffle|N$).*", nil, []string{"bench/...", "proxy"}, "its source is global; pass one in"},
	{"net/http", "Default.*|Get|Head|Post|PostForm|Handle|HandleFunc|ListenAndServe.*", nil, nil, "it is global and has no timeouts; make a client or server"},
	{"os", "Getenv|LookupEnv|Environ|Setenv", nil, []string{"cmd/weir", "registry/consul"}, "what a package depends on is passed in"},
	{"os", "Exit", nil, commands, "only a command ends the process"},
	{"os", "Stdout|Stderr|Stdin|Args", nil, commands, "only a command has a terminal; take an io.Writer"},
	{"os", "Open.*|Create.*|ReadFile|WriteFile|Remove.*|Rename|Mkdir.*", []string{"router", "protocol", "proxy/http1", "registry", "monitor/...", "rollout/..."}, nil, "it does no I/O"},
	{"fmt", "Print|Printf|Println", nil, commands, "only a command has a terminal; take an io.Writer"},
	{"log/slog", "Default|SetDefault|Debug|Info|Warn|Error|Log", nil, nil, "the logger is passed in"},
	{"sync/atomic", "(Add|Load|Store|Swap|CompareAndSwap|And|Or).*", nil, nil, "use the typed atomics: a plain access to the same word would pass unnoticed"},
	{"context", "TODO", nil, nil, "say whose context it is"},
}

func TestNobodyCallsWhatIsForbidden(t *testing.T) {
	for _, p := range packages(t) {
		for _, fault := range callFaults(p) {
			t.Error(fault)
		}
	}
}

func callFaults(p *pkg) (faults []string) {
	for file, f := range p.files {
		if isTest(file) || matchesAny(testOnly, p.path) {
			continue
		}
		names := localNames(f)
		ast.Inspect(f, func(n ast.Node) bool {
			use, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := use.X.(*ast.Ident)
			if !ok {
				return true
			}
			for _, c := range calls {
				if names[from.Name] != c.pkg || !regexp.MustCompile("^("+c.names+")$").MatchString(use.Sel.Name) {
					continue
				}
				if (c.only == nil || matchesAny(c.only, p.path)) && !matchesAny(c.but, p.path) {
					faults = append(faults, fmt.Sprintf("%s: %s may not use %s.%s: %s", p.at(use.Pos()), p.path, from.Name, use.Sel.Name, c.why))
				}
			}
			return true
		})
	}
	slices.Sort(faults)
	return faults
}

// localNames maps the names that a file's imports have in it to their paths.
func localNames(f *ast.File) map[string]string {
	out := map[string]string{}
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		local := name[strings.LastIndexByte(name, '/')+1:]
		if local == "v2" {
			local = strings.Split(name, "/")[strings.Count(name, "/")-1]
		}
		if spec.Name != nil {
			local = spec.Name.Name
		}
		out[local] = name
	}
	return out
}
