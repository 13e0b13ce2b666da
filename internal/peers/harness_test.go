package peers

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long a server of somebody else may take to start on a busy
// machine. It bounds a failure; no test depends on how long anything takes.
const patience = 3 * time.Minute

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// environment returns the folder with the programs of a Python environment, or
// skips: the other people's programs are no part of this repository.
func environment(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("other people's servers take long to start; left out by -short")
	}
	cache := os.Getenv("WEIR_CACHE")
	if cache == "" {
		cache = filepath.Join("..", "..", ".cache")
	}
	bin, err := filepath.Abs(filepath.Join(cache, "venv-"+name, "bin"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(bin, "python")); err != nil {
		message := "no Python environment " + filepath.Dir(bin) + "; `make setup` makes it"
		if os.Getenv("WEIR_REQUIRE_PEERS") == "1" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	return bin
}

// script returns the path of a file in testdata.
func script(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// freePorts returns ports that nobody listens on, all different.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	ports := make([]string, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // together, so that no port comes twice
		_, ports[i], _ = net.SplitHostPort(l.Addr().String())
	}
	return ports
}

// run runs a program to its end and returns what it printed.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(name), strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String()
}

// log is what a server printed, shown when the test fails.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serve starts a server in dir and returns when ready answers 200. The server and
// all its children end with the test, or before by the function returned.
func serve(t *testing.T, dir, ready, bin, name string, args ...string) (end func()) {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), filepath.Join(bin, name), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out := &log{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is told by its output
		close(ended)
	}()
	end = sync.OnceFunc(func() { stop(cmd.Process.Pid, ended) })
	t.Cleanup(func() {
		end()
		if t.Failed() {
			t.Logf("%s printed:\n%s", name, tail(out.String(), 4000))
		}
	})
	await(t, name+" to be ready", ended, func() bool {
		status, _, _, err := call(http.MethodGet, ready, "", nil)
		return err == nil && status == http.StatusOK
	})
	return end
}

// stop ends a process group, first politely.
func stop(pid int, ended <-chan struct{}) {
	_ = syscall.Kill(-pid, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL) // what is left of the group
	<-ended
}

// await polls until done; a nil gone never ends the wait early.
func await(t *testing.T, what string, gone <-chan struct{}, done func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if done() {
			return
		}
		select {
		case <-gone:
			t.Fatalf("waited for %s, but the program ended", what)
		case <-deadline:
			t.Fatalf("waited %s for %s", patience, what)
		case <-tick.C:
		}
	}
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}

// weir is a built gateway that runs with a configuration and a file registry.
type weir struct {
	t           *testing.T
	binary      string
	data, admin string // URLs
}

// startWeir builds the program from this source and starts it with one model.
func startWeir(t *testing.T, model string) *weir {
	t.Helper()
	dir := t.TempDir()
	w := &weir{t: t, binary: filepath.Join(dir, "weir")}
	run(t, "go", "build", "-o", w.binary, "../../cmd/weir")
	ports := freePorts(t, 2)
	w.data, w.admin = "http://127.0.0.1:"+ports[0], "http://127.0.0.1:"+ports[1]
	config := filepath.Join(dir, "weir.yaml")
	text := fmt.Sprintf("listen: {http: 127.0.0.1:%s, admin: 127.0.0.1:%s}\nregistry: {kind: file, dir: %s}\nstate_dir: %s\nmodels:\n%s",
		ports[0], ports[1], filepath.Join(dir, "registry"), filepath.Join(dir, "state"), model)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, w.binary, "check", "--config", config)
	serve(t, dir, w.admin+"/-/healthy", dir, "weir", "serve", "--config", config)
	return w
}

// do runs one of the program's verbs against the gateway.
func (w *weir) do(args ...string) string {
	w.t.Helper()
	return run(w.t, w.binary, append(args, "--admin", w.admin)...)
}

// deploy registers version 1 with a profile of the training data, gives it all
// traffic and waits until the gateway serves it.
func (w *weir) deploy(model, endpoint, train, output string) {
	w.t.Helper()
	args := []string{"register", model, "1", "--endpoint", endpoint, "--git", "0123abc"}
	if train != "" {
		profile := filepath.Join(w.t.TempDir(), "profile.json")
		run(w.t, w.binary, "profile", "build", train, "--output", output, "--out", profile)
		args = append(args, "--profile", profile)
	}
	w.do(args...)
	w.do("switch", model, "1", "--reason", "first version")
	await(w.t, "the gateway to be ready", nil, func() bool {
		status, _, _, err := call(http.MethodGet, w.admin+"/-/ready", "", nil)
		return err == nil && status == http.StatusOK
	})
}
