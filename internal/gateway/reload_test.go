package gateway_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestAHundredReloadsUnderLoadFailNoRequest(t *testing.T) {
	one := newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.switchTo("1")
	finish := r.load(8)
	for i := range 100 {
		// Everything that can change without a restart does.
		r.configure(
			fmt.Sprintf("timeout: %ds", 2+i%3),
			fmt.Sprintf("upstream: {connect_timeout: %dms}", 500+i),
			fmt.Sprintf("shadow: {queue: %d}", 10+i),
			fmt.Sprintf("monitor: {window: %dm}", 1+i%5),
		)
		if _, err := r.admin.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := finish(); got.failed > 0 || got.sent == 0 {
		t.Errorf("%d of %d requests failed: %s", got.failed, got.sent, got.first)
	}
}

func TestAReloadIsAllOrNothing(t *testing.T) {
	one := newModelServer(t)
	r := start(t, "pin: {header: x-pin}")
	r.register("1", one)
	r.switchTo("1")
	for name, c := range map[string]struct{ line, want string }{
		"an unknown key":       {"timeuot: 2s", "weir.yaml:8:5"},
		"a rule broken":        {"timeout: -2s", "weir.yaml:8:"},
		"what needs a restart": {"timeout: 2s\nstate_dir: ./elsewhere", "restart"},
	} {
		if strings.Contains(c.line, "\n") {
			r.configure("timeout: 2s")
			text, err := os.ReadFile(r.config)
			if err != nil {
				t.Fatal(err)
			}
			changed := strings.Replace(string(text), "state_dir: ./state", "state_dir: ./elsewhere", 1)
			if err := os.WriteFile(r.config, []byte(changed), 0o644); err != nil {
				t.Fatal(err)
			}
		} else {
			r.configure(c.line)
		}
		if _, err := r.admin.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not say %q", name, err, c.want)
		}
		if status, _, _ := r.infer("x-pin", "nonsense"); status == 200 {
			t.Errorf("%s: the configuration before it is no longer in force", name)
		}
		if text := r.metrics(t); !strings.Contains(text, "weir_config_last_reload_successful 0") {
			t.Errorf("%s: the gauge does not say so", name)
		}
	}
}

func TestTheConfigurationIsReadAgainOnHangupAndWhenTheFileChanges(t *testing.T) {
	one := newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.switchTo("1")
	status := func() int { s, _, _ := r.infer("x-pin", "nonsense"); return s }
	if status() != 200 {
		t.Fatal("a pin was heeded before it was configured")
	}
	r.configure("pin: {header: x-pin}")
	eventually(t, "the changed file", func() bool { return status() != 200 })
	r.configure("pin: {header: x-other}")
	r.hangup <- syscall.SIGHUP
	eventually(t, "the configuration after the signal", func() bool { return status() == 200 })
}
