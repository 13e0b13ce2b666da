package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/admin/client"
	"github.com/weir-gateway/weir/internal/gateway"
	"github.com/weir-gateway/weir/registry"
)

// modelServer is a model server whose behaviour a test can change while it runs.
type modelServer struct {
	*httptest.Server
	calls atomic.Int64
	fail  atomic.Bool // answer 500
	hang  atomic.Bool // answer never
	late  atomic.Int64
	gone  chan struct{}
}

func newModelServer(t *testing.T) *modelServer {
	t.Helper()
	m := &modelServer{gone: make(chan struct{})}
	m.Server = httptest.NewServer(http.HandlerFunc(m.serve))
	t.Cleanup(func() {
		close(m.gone)
		m.Close()
	})
	return m
}

func (m *modelServer) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost { // health checks
		w.WriteHeader(http.StatusOK)
		return
	}
	m.calls.Add(1)
	_, _ = io.Copy(io.Discard, r.Body)
	switch {
	case m.hang.Load():
		<-m.gone
	case m.fail.Load():
		http.Error(w, "broken", http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"model_name":"m","outputs":[{"name":"late","shape":[1],"datatype":"INT64","data":[%d]}]}`, m.late.Load())
	}
}

// running is a gateway under test.
type running struct {
	*gateway.Gateway
	t      *testing.T
	url    string // data plane
	admin  *client.Client
	dir    string
	config string // path
	logged *lockedBuffer
	hangup chan os.Signal
	stop   context.CancelFunc
	ended  chan error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start runs a gateway with the model m, configured by the lines given in
// addition (indented by four spaces).
func start(t *testing.T, lines ...string) *running {
	t.Helper()
	dir := t.TempDir()
	r := &running{t: t, config: filepath.Join(dir, "weir.yaml")}
	r.configure(lines...)
	return startIn(t, dir, r.config)
}

// startIn runs a gateway with the configuration at path, whose folders are in dir.
func startIn(t *testing.T, dir, path string) *running {
	t.Helper()
	r := &running{
		t: t, dir: dir, config: path, logged: &lockedBuffer{},
		hangup: make(chan os.Signal), ended: make(chan error, 1),
	}
	var err error
	r.Gateway, err = gateway.New(gateway.Options{
		ConfigPath: r.config,
		Hangup:     r.hangup,
		Getenv:     os.Getenv,
		Logger:     slog.New(slog.NewTextHandler(r.logged, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		r.shutDown()
		if t.Failed() {
			t.Log(r.logged.String())
		}
	})
	r.url = "http://" + r.DataAddress().String()
	r.admin, err = client.New("http://"+r.AdminAddress().String(), client.Options{Actor: "tester"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// shutDown ends the gateway and waits for it; more than once does no harm.
func (r *running) shutDown() {
	r.stop()
	select {
	case err := <-r.ended:
		r.ended <- nil
		if err != nil {
			r.t.Errorf("the gateway did not end cleanly: %v", err)
		}
	case <-time.After(30 * time.Second):
		r.t.Error("the gateway did not end")
	}
}

func (r *running) configure(lines ...string) {
	r.t.Helper()
	text := `listen: {http: "127.0.0.1:0", admin: "127.0.0.1:0"}
registry: {kind: file, dir: ./registry}
state_dir: ./state
drain_timeout: 5s
models:
  m:
    protocol: oip
`
	for _, line := range lines {
		text += "    " + line + "\n"
	}
	if err := os.WriteFile(r.config, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *running) register(version string, server *modelServer, profile ...string) {
	r.t.Helper()
	registration := api.Registration{Endpoints: []string{server.URL}}
	if len(profile) > 0 {
		registration.Profile = profile[0]
	}
	if _, err := r.admin.Register(r.t.Context(), "m", version, registration); err != nil {
		r.t.Fatal(err)
	}
}

func (r *running) switchTo(version string) api.Changed {
	r.t.Helper()
	changed, err := r.admin.Switch(r.t.Context(), "m", version, "test")
	if err != nil {
		r.t.Fatal(err)
	}
	return changed
}

func (r *running) split(arms ...registry.Arm) {
	r.t.Helper()
	if _, err := r.admin.Split(r.t.Context(), "m", arms, "", "test"); err != nil {
		r.t.Fatal(err)
	}
}

const inferBody = `{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[%v]},{"name":"origin","shape":[1],"datatype":"BYTES","data":["%s"]}]}`

// infer sends one inference request and returns the answer.
func (r *running) infer(header ...string) (status int, version, body string) {
	r.t.Helper()
	return r.post(fmt.Sprintf(inferBody, 1.5, "JFK"), header...)
}

func (r *running) post(body string, header ...string) (status int, version, answer string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url+"/v2/models/m/infer", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("x-weir-version"), string(content)
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("never came: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// load sends requests from several clients until the returned function is
// called, which says what came of them.
func (r *running) load(clients int) (finish func() outcome) {
	ctx, cancel := context.WithCancel(r.t.Context())
	var wg sync.WaitGroup
	results := make([]outcome, clients)
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	for i := range clients {
		results[i].versions = map[string]int{}
		wg.Go(func() { results[i].run(ctx, transport, r.url) })
	}
	return func() outcome {
		cancel()
		wg.Wait()
		transport.CloseIdleConnections()
		all := outcome{versions: map[string]int{}}
		for _, o := range results {
			all.add(o)
		}
		return all
	}
}

type outcome struct {
	sent, failed int
	first        string // failure
	versions     map[string]int
}

func (o *outcome) add(other outcome) {
	o.sent += other.sent
	o.failed += other.failed
	if o.first == "" {
		o.first = other.first
	}
	for v, n := range other.versions {
		o.versions[v] += n
	}
}

func (o *outcome) run(ctx context.Context, transport http.RoundTripper, url string) {
	c := &http.Client{Transport: transport}
	body := fmt.Sprintf(inferBody, 0.5, "EWR")
	for ctx.Err() == nil {
		// The request itself is not cancelled: one that is cut off by the end
		// of the test would look like a failure.
		request, err := http.NewRequest(http.MethodPost, url+"/v2/models/m/infer", strings.NewReader(body))
		if err != nil {
			o.note(err.Error())
			return
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := c.Do(request)
		o.sent++
		if err != nil {
			o.note(err.Error())
			continue
		}
		content, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		switch {
		case err != nil:
			o.note(err.Error())
		case response.StatusCode != http.StatusOK || !bytes.Contains(content, []byte(`"outputs"`)):
			o.note(fmt.Sprintf("%d %s", response.StatusCode, content))
		default:
			o.versions[response.Header.Get("x-weir-version")]++
		}
	}
}

func (o *outcome) note(failure string) {
	o.failed++
	if o.first == "" {
		o.first = failure
	}
}
