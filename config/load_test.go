package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/config"
)

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "weir.yaml")
	_, err := config.Load(missing)
	var fault config.Error
	if !errors.As(err, &fault) || fault.Rule != config.RuleUnreadable || !strings.HasPrefix(err.Error(), missing+": cannot be read: ") {
		t.Errorf("got %v", err)
	}
}

func TestAHugeFileIsRefusedUnread(t *testing.T) {
	file := filepath.Join(t.TempDir(), "weir.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 1<<40); err != nil { // sparse
		t.Skip(err)
	}
	_, err := config.Load(file)
	wantRule(t, err, config.RuleTooLarge)
}

func TestAliasesCannotMultiplyWithoutEnd(t *testing.T) {
	var b strings.Builder
	b.WriteString("models:\n  a: &a {protocol: oip, monitor: {features: {f: &l [")
	b.WriteString(strings.Repeat("x,", 2000) + "y]")
	for range 200 {
		b.WriteString(", ")
		b.WriteString(strings.Repeat("f", b.Len()%97+1) + string(rune('a'+b.Len()%26)))
		b.WriteString(": *l")
	}
	b.WriteString("}}}\n")
	for i := range 500 {
		b.WriteString("  m" + strings.Repeat("n", i) + ": *a\n")
	}
	_, err := config.Parse("bomb.yaml", []byte(b.String()))
	wantRule(t, err, config.RuleTooLarge)
}

func TestCirclesOfAliasesEnd(t *testing.T) {
	for _, text := range []string{
		"models: &m {a: *m}",
		"models: {a: &a {<<: *a, protocol: oip}}",
		"models: {a: {rollout: {steps: &s [*s]}}}",
		"models: {a: &a *b, b: &b *a}",
	} {
		if _, err := config.Parse("circle.yaml", []byte(text)); err == nil {
			t.Errorf("%s: loaded", text)
		}
	}
}

func TestFoldersStartAtTheFile(t *testing.T) {
	c, err := config.Parse("/etc/weir/weir.yaml", []byte("registry: {dir: reg}\nstate_dir: /var/state/\nmodels: {a: {protocol: oip}}"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.RegistryDir(); got != "/etc/weir/reg" {
		t.Errorf("registry in %s", got)
	}
	if got := c.StatePath(); got != "/var/state" {
		t.Errorf("state in %s", got)
	}
	if c.Registry.Dir != "reg" {
		t.Errorf("dir is no longer as written: %s", c.Registry.Dir)
	}
}

func TestFaultsComeInTheOrderOfTheFile(t *testing.T) {
	_, err := config.Parse("weir.yaml", []byte("models: {b: {protocol: x}, a: {protocol: y}}\nlisten: {http: z}\n"))
	var all config.Errors
	if !errors.As(err, &all) || len(all) != 3 {
		t.Fatalf("got %v", err)
	}
	for i := range all[1:] {
		if all[i].Line > all[i+1].Line || all[i].Line == all[i+1].Line && all[i].Column > all[i+1].Column {
			t.Errorf("%v stands before %v", all[i], all[i+1])
		}
	}
}

func wantRule(t *testing.T, err error, rule config.Rule) {
	t.Helper()
	var fault config.Error
	if !errors.As(err, &fault) {
		t.Fatalf("got %v, want a fault of the rule %s", err, rule)
	}
	if fault.Rule != rule {
		t.Errorf("rule %s, want %s: %v", fault.Rule, rule, fault)
	}
}

func TestDeepNestingIsRefusedAtOnce(t *testing.T) {
	for _, open := range []string{"[", "{a: ", "- ", "? ", "!!x ", "&a "} {
		_, err := config.Parse("deep.yaml", []byte("models: "+strings.Repeat(open, 100_000)))
		wantRule(t, err, config.RuleTooLarge)
	}
}
