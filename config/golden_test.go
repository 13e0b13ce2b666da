package config_test

import (
	"encoding/json"
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weir-gateway/weir/config"
)

var update = flag.Bool("update", false, "write what is there as what is expected")

// golden compares got with the file, or writes it with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, diff)
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(found) == 0 {
		t.Fatalf("no testdata for %s: %v", pattern, err)
	}
	return found
}

func TestGoodFilesLoadWithTheirDefaults(t *testing.T) {
	for _, file := range files(t, "*.good.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, err := config.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			effective, err := json.MarshalIndent(c, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".json", string(effective)+"\n")

			var back config.Config
			if err := json.Unmarshal(effective, &back); err != nil {
				t.Fatal(err)
			}
			if changes := config.Diff(c, &back); len(changes) > 0 {
				t.Errorf("the effective configuration reads back differently: %v", changes)
			}
		})
	}
}

func TestBadFilesSayWhatIsWrongAndWhere(t *testing.T) {
	for _, file := range files(t, "*.bad.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, err := config.Load(file)
			if err == nil {
				t.Fatalf("loaded: %+v", c)
			}
			var all config.Errors
			if !errors.As(err, &all) {
				t.Fatalf("not Errors but %T", err)
			}
			rule := ruleOf(file)
			broken := false
			for _, e := range all {
				broken = broken || e.Rule == rule
			}
			if !broken {
				t.Errorf("no fault is of the rule %s", rule)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", filepath.ToSlash(err.Error())+"\n")
		})
	}
}

// ruleOf returns the rule a bad file is for: the longest that its name begins with.
func ruleOf(file string) config.Rule {
	name := strings.TrimSuffix(filepath.Base(file), ".bad.yaml")
	longest := config.Rule("")
	for _, r := range []config.Rule(rules()) {
		if (name == string(r) || strings.HasPrefix(name, string(r)+"-")) && len(r) > len(longest) {
			longest = r
		}
	}
	return longest
}

// rules reads the rules from their source, so that none can be left out of a list.
func rules() []config.Rule {
	f, err := parser.ParseFile(token.NewFileSet(), "rules.go", nil, 0)
	if err != nil {
		panic(err)
	}
	var out []config.Rule
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for _, v := range spec.Values {
			text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				panic(err)
			}
			out = append(out, config.Rule(text))
		}
		return true
	})
	return out
}

func TestEveryRuleHasABadFile(t *testing.T) {
	// These two are about files that cannot lie in testdata; see load_test.go.
	shown := map[config.Rule]bool{config.RuleUnreadable: true, config.RuleTooLarge: true}
	for _, file := range files(t, "*.bad.yaml") {
		rule := ruleOf(file)
		if rule == "" {
			t.Errorf("%s is for no rule", file)
		}
		shown[rule] = true
	}
	for _, r := range rules() {
		if !shown[r] {
			t.Errorf("no testdata/%s.bad.yaml", r)
		}
	}
}
