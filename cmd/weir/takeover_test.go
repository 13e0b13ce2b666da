package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/admin/client"
)

// binary returns a path at which this test is the command weir: testscript's main
// goes by the name it is called by.
func binary(t *testing.T) string {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	weir := filepath.Join(t.TempDir(), "weir")
	if err := os.Symlink(own, weir); err != nil {
		t.Fatal(err)
	}
	return weir
}

// process is a weir that runs.
type process struct {
	*exec.Cmd
	log   bytes.Buffer
	ended chan error
}

func launch(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: cmd, ended: make(chan error, 1)}
	cmd.Stderr = &p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- cmd.Wait() }()
	return p
}

// end waits for the process, which must end by itself and cleanly.
func (p *process) end(t *testing.T) {
	t.Helper()
	select {
	case err := <-p.ended:
		if err != nil {
			t.Errorf("a gateway ended with %v:\n%s", err, p.log.String())
		}
	case <-time.After(patience):
		_ = p.Process.Kill()
		t.Fatal("a gateway did not end")
	}
}

// site is a folder with a configuration for a gateway with fixed addresses.
type site struct{ config, http, admin string }

func newSite(t *testing.T) site {
	t.Helper()
	dir, err := os.MkdirTemp("", "weir") // a Unix socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := site{config: filepath.Join(dir, "weir.yaml")}
	for _, address := range []*string{&s.http, &s.admin} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		*address = l.Addr().String()
		defer func() { _ = l.Close() }() // not before there are both: they would be one
	}
	text := fmt.Sprintf("listen: {http: %q, admin: %q}\ndrain_timeout: 20s\nmodels:\n  flights: {protocol: oip}\n", s.http, s.admin)
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// register gives the model a version that answers everything, once the gateway is there.
func (s site) register(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(server.Close)
	admin, err := client.New("http://"+s.admin, client.Options{Actor: "tester"})
	if err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		_, err = admin.Register(t.Context(), "flights", "1", api.Registration{Endpoints: []string{server.URL}})
		if err == nil {
			break
		}
		if time.Now().After(until) {
			t.Fatal(err)
		}
	}
	if _, err := admin.Switch(t.Context(), "flights", "1", "test"); err != nil {
		t.Fatal(err)
	}
}

// request makes one request on a connection of its own.
func (s site) request() error {
	conn, err := net.DialTimeout("tcp", s.http, patience)
	if err != nil {
		return fmt.Errorf("refused: %w", err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, "GET /v2/models/flights HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") || !strings.HasSuffix(string(answer), "{}") {
		return fmt.Errorf("failed: %w, %q", err, answer)
	}
	return nil
}

func TestTakingOverRefusesNoConnectionAndFailsNoRequest(t *testing.T) {
	weir, s := binary(t), newSite(t)
	serve := func() *exec.Cmd { return exec.Command(weir, "serve", "--config", s.config, "--takeover") }
	running := launch(t, serve())
	defer func() { _ = running.Process.Kill() }()
	s.register(t)

	var stop atomic.Bool
	var requests, failures atomic.Int64
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for !stop.Load() {
				requests.Add(1)
				if err := s.request(); err != nil {
					failures.Add(1)
					t.Error(err)
				}
			}
		})
	}
	for range 5 {
		before := requests.Load()
		next := launch(t, serve())
		running.end(t)
		running = next
		for requests.Load() < before+100 && failures.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	stop.Store(true)
	load.Wait()
	t.Logf("%d requests, each on a new connection, through 5 handovers: %d refused or failed", requests.Load(), failures.Load())
	_ = running.Process.Signal(syscall.SIGTERM)
	running.end(t)
}

func TestAGatewayThatCannotStartTakesNothingOver(t *testing.T) {
	weir, s := binary(t), newSite(t)
	running := launch(t, exec.Command(weir, "serve", "--config", s.config))
	defer func() { _ = running.Process.Kill() }()
	s.register(t)
	broken := filepath.Join(filepath.Dir(s.config), "broken.yaml")
	text := fmt.Sprintf("listen: {http: %q, admin: %q, tls: {cert: none, key: none}}\nmodels:\n  flights: {protocol: oip}\n", s.http, s.admin)
	if err := os.WriteFile(broken, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(weir, "serve", "--config", broken, "--takeover").CombinedOutput(); err == nil {
		t.Fatalf("a gateway without its certificate started: %s", out)
	}
	if err := s.request(); err != nil {
		t.Error(err)
	}
	_ = running.Process.Signal(syscall.SIGTERM)
	running.end(t)
}

func TestSocketsOfTheServiceManagerAreUsed(t *testing.T) {
	weir, s := binary(t), newSite(t)
	var files []*os.File
	for _, address := range []string{s.admin, s.http} { // not in the usual order: by their names
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		files = append(files, f)
	}
	// systemd gives LISTEN_PID, which only the process itself knows here.
	cmd := exec.CommandContext(context.Background(), "/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" serve --config "$1"`, weir, s.config)
	cmd.Env = append(os.Environ(), "LISTEN_FDS=2", "LISTEN_FDNAMES=admin:http")
	cmd.ExtraFiles = files
	running := launch(t, cmd)
	defer func() { _ = running.Process.Kill() }()
	for _, f := range files {
		_ = f.Close()
	}
	s.register(t)
	if err := s.request(); err != nil {
		t.Error(err)
	}
	_ = running.Process.Signal(syscall.SIGTERM)
	running.end(t)
}

// The configuration says loopback, and whoever wrote the socket unit did not.
func TestAnInheritedAdminSocketThatOthersReachNeedsMoreThanTheConfigurationsWord(t *testing.T) {
	weir, s := binary(t), newSite(t)
	var files []*os.File
	for _, address := range []string{"0.0.0.0:0", s.http} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		defer func() { _ = f.Close() }()
		files = append(files, f)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second) // where it serves instead
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" serve --config "$1"`, weir, s.config)
	cmd.Env = append(os.Environ(), "LISTEN_FDS=2", "LISTEN_FDNAMES=admin:http")
	cmd.ExtraFiles = files
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "can be reached from other machines") {
		t.Errorf("%v: %s", err, out)
	}
}
