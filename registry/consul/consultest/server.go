package consultest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds a start on a busy machine; no test depends on how long one
// takes.
const patience = time.Minute

// Options are what a server is started with.
type Options struct {
	// Dir keeps the server's data across restarts; empty: it is in memory, and
	// a restart begins with nothing.
	Dir string
	// Config is further configuration in HCL.
	Config string
	// Token is sent when asking whether the server is up.
	Token string
}

// Server is a Consul server of one node.
type Server struct {
	Address string // host:port of its HTTP API

	tb    testing.TB
	opts  Options
	bin   string
	ports []string
	mu    sync.Mutex
	out   bytes.Buffer
	cmd   *exec.Cmd
}

// Binary is Consul's, as make consul builds it.
func Binary(tb testing.TB) string {
	tb.Helper()
	cache := os.Getenv("WEIR_CACHE")
	if cache == "" {
		cache = filepath.Join(root(tb), ".cache")
	}
	bin := filepath.Join(cache, "bin", "consul")
	if _, err := os.Stat(bin); err != nil {
		message := "no Consul at " + bin + "; `make consul` builds it"
		if os.Getenv("WEIR_REQUIRE_PEERS") == "1" {
			tb.Fatal(message)
		}
		tb.Skip(message)
	}
	return bin
}

// root is the folder of go.mod.
func root(tb testing.TB) string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	tb.Fatalf("no go.mod above the test: %v", err)
	return ""
}

// Start runs a server until the test ends, and returns once it has a leader.
func Start(tb testing.TB, opts Options) *Server {
	tb.Helper()
	s := &Server{tb: tb, opts: opts, bin: Binary(tb), ports: freePorts(tb, 4)}
	s.Address = "127.0.0.1:" + s.ports[0]
	s.Start()
	tb.Cleanup(func() {
		s.Kill()
		if tb.Failed() {
			tb.Logf("the end of what Consul at %s said:\n%s", s.Address, s.tail())
		}
	})
	return s
}

// Start starts a server that was killed, at the same address.
func (s *Server) Start() {
	s.tb.Helper()
	args := []string{
		"agent", "-client=127.0.0.1", "-bind=127.0.0.1", "-http-port=" + s.ports[0], "-server-port=" + s.ports[1],
		"-serf-lan-port=" + s.ports[2], "-serf-wan-port=-1", "-dns-port=-1", "-grpc-port=-1", "-grpc-tls-port=-1", "-log-level=warn",
		"-hcl=performance { raft_multiplier = 1 } ports { serf_wan = -1 } disable_update_check = true connect { enabled = false }",
	}
	if s.opts.Dir == "" {
		args = append(args, "-dev")
	} else {
		args = append(args, "-server", "-bootstrap-expect=1", "-data-dir="+s.opts.Dir)
	}
	if s.opts.Config != "" {
		args = append(args, "-hcl="+s.opts.Config)
	}
	s.cmd = exec.CommandContext(context.Background(), s.bin, args...) // Kill ends it
	s.cmd.Stdout, s.cmd.Stderr = s, s
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for !s.up(ctx) {
		select {
		case <-ctx.Done():
			s.tb.Fatalf("Consul at %s has no leader:\n%s", s.Address, s.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// up tells whether the server can write.
func (s *Server) up(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+s.Address+"/v1/kv/started", strings.NewReader("1"))
	if err != nil {
		s.tb.Fatal(err)
	}
	request.Header.Set("X-Consul-Token", s.opts.Token)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return false
	}
	return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}

// Kill ends the server as a power cut does.
func (s *Server) Kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill() // gone already, then
		_ = s.cmd.Wait()         // says that it was killed
		s.cmd = nil
	}
}

// Write keeps what the server says.
func (s *Server) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}

func (s *Server) tail() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.out.String()
	return text[max(0, len(text)-4000):]
}

// freePorts returns ports that nobody listens on, all different. They lie below
// those that systems give to outgoing connections: a client that goes on asking
// for a server that was killed could be given its port, and be connected to
// itself.
func freePorts(tb testing.TB, n int) []string {
	tb.Helper()
	var ports []string
	for tries := 0; len(ports) < n; tries++ {
		port := fmt.Sprint(15_000 + rand.IntN(15_000))
		l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:"+port)
		if err != nil {
			if tries > 100 {
				tb.Fatal(err)
			}
			continue
		}
		defer l.Close() // together, so that no port comes twice
		ports = append(ports, port)
	}
	return ports
}

// FreePort returns a port that nobody listens on.
func FreePort(tb testing.TB) int {
	tb.Helper()
	var port int
	if _, err := fmt.Sscan(freePorts(tb, 1)[0], &port); err != nil {
		tb.Fatal(err)
	}
	return port
}
