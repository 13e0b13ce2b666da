package proxy_test

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/registry"
)

// The environment variable by which BenchmarkCPU runs this test binary again as
// a gateway of one kind, so that its CPU time is counted by itself.
const gatewayKind = "WEIR_BENCH_GATEWAY"

// BenchmarkCPU measures the CPU time a request costs a gateway process, system
// calls included: Weir with a split of two versions, Weir with every request
// captured, Weir with every request mirrored, and as a control the smallest
// proxy that fasthttp allows, which sets a header and splits nothing. They run in turn within
// one run; only their ratio means something.
//
//	go test ./proxy -run '^$' -bench CPU -benchtime 1x
func BenchmarkCPU(b *testing.B) {
	upstream := fixedBackend(b, benchHead+strings.Repeat("a", 199)+"!")
	kinds := []string{"fasthttp", "split", "capture", "mirror"}
	gateways := map[string]*gatewayProcess{}
	for _, kind := range kinds {
		gateways[kind] = startGateway(b, kind, upstream)
	}
	spent := map[string][]float64{}
	for b.Loop() {
		for range 5 {
			for _, kind := range kinds {
				spent[kind] = append(spent[kind], gateways[kind].load(b, 32, 20_000, 0))
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	for _, kind := range kinds {
		b.ReportMetric(median(spent[kind]), kind+"-µs/req")
	}
	b.ReportMetric(median(spent["split"])/median(spent["fasthttp"]), "split/fasthttp")
}

// BenchmarkRest measures what a rest costs: requests that come so far apart that
// their connection rests before each, beside the same where none ever rests.
//
//	go test ./proxy -run '^$' -bench Rest -benchtime 1x
func BenchmarkRest(b *testing.B) {
	upstream := fixedBackend(b, benchHead+strings.Repeat("a", 199)+"!")
	kinds := []string{"awake", "resting"}
	gateways, spent := map[string]*gatewayProcess{}, map[string][]float64{}
	for _, kind := range kinds {
		gateways[kind] = startGateway(b, kind, upstream)
	}
	for b.Loop() {
		for range 5 {
			for _, kind := range kinds {
				spent[kind] = append(spent[kind], gateways[kind].load(b, 128, 10_000, 30*time.Millisecond))
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	for _, kind := range kinds {
		b.ReportMetric(median(spent[kind]), kind+"-µs/req")
	}
}

const benchHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Mon, 23 Nov 2026 09:00:00 GMT\r\nServer: model\r\nContent-Length: 200\r\n\r\n"

const benchRequest = "POST /v2/models/m/infer HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n"

func median(v []float64) float64 {
	sorted := append([]float64(nil), v...)
	for i := range sorted {
		for j := i; j > 0 && sorted[j] < sorted[j-1]; j-- {
			sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
		}
	}
	return sorted[len(sorted)/2]
}

// gatewayProcess is a gateway in a process of its own.
type gatewayProcess struct {
	cmd     *exec.Cmd
	address string
}

func startGateway(b *testing.B, kind, upstream string) *gatewayProcess {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestBenchGateway$")
	cmd.Env = append(os.Environ(), gatewayKind+"="+kind+" "+upstream, "GOMAXPROCS=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	g := &gatewayProcess{cmd: cmd}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if _, err := fmt.Fscanln(out, &g.address); err != nil {
		b.Fatal("the gateway did not start: ", err)
	}
	return g
}

// cpu returns the CPU time the process has used, from /proc, in clock ticks of 10 ms.
func (g *gatewayProcess) cpu(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", g.cmd.Process.Pid))
	if err != nil {
		b.Skip("there is no /proc: ", err)
	}
	var user, system int64
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// load sends n requests over some connections, each waiting for its answer, and
// returns the CPU time in µs that one cost. Each connection pauses between two.
func (g *gatewayProcess) load(b *testing.B, connections, n int, pause time.Duration) float64 {
	b.Helper()
	request := []byte(benchRequest + strings.Repeat("a", 199) + "!")
	before := g.cpu(b)
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			conn, err := net.Dial("tcp", g.address)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			buf := make([]byte, 4<<10)
			for range n / connections {
				if _, err := conn.Write(request); err != nil {
					b.Error(err)
					return
				}
				for got := 0; got == 0 || buf[got-1] != '!'; {
					m, err := conn.Read(buf[got:])
					if err != nil {
						b.Error(err)
						return
					}
					got += m
				}
				time.Sleep(pause)
			}
		})
	}
	wg.Wait()
	return float64((g.cpu(b) - before).Microseconds()) / float64(n)
}

// TestBenchGateway is not a test: it is what BenchmarkCPU runs in a process of
// its own.
func TestBenchGateway(t *testing.T) {
	kind, upstream, ok := strings.Cut(os.Getenv(gatewayKind), " ")
	if !ok {
		t.Skip("only for BenchmarkCPU")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve := weirGateway(t, kind, upstream)
	if kind == "fasthttp" {
		serve = fasthttpGateway(upstream)
	}
	fmt.Println(l.Addr())
	t.Fatal(serve(l))
}

func weirGateway(t testing.TB, kind, upstream string) func(net.Listener) error {
	s := setup{
		upstreams: map[string][]string{"1": {upstream}, "2": {upstream}, "3": {upstream}},
		arms:      map[string]float64{"1": 95, "2": 5}, observer: silent{},
	}
	switch kind {
	case "capture":
		s.settings.Capture = true
	case "mirror":
		s.shadows = []registry.Shadow{{Version: "3", Sample: 1}}
		s.settings.Shadow = proxy.NewShadowQueue(proxy.ShadowConfig{}, slog.New(slog.DiscardHandler))
	}
	w := &weir{t: t, watchers: map[string]*watcher{}, pools: map[string]*proxy.Pool{}}
	for version, urls := range s.upstreams {
		pool, err := proxy.NewPool(proxy.PoolConfig{Endpoints: urls}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		w.pools[version], w.watchers[version] = pool, newWatcher()
	}
	rest := map[string]time.Duration{"awake": time.Hour, "resting": time.Millisecond}[kind]
	server := proxy.New(proxy.Config{Rest: rest}, slog.New(slog.DiscardHandler))
	server.Swap(w.compile(s))
	return server.Serve
}

// fasthttpGateway is the least that fasthttp can do: no split, no strictness, a
// header set on the answer.
func fasthttpGateway(upstream string) func(net.Listener) error {
	client := &fasthttp.HostClient{
		Addr: strings.TrimPrefix(upstream, "http://"), MaxConns: 1024,
		NoDefaultUserAgentHeader: true, DisablePathNormalizing: true,
	}
	server := &fasthttp.Server{
		NoDefaultServerHeader: true, NoDefaultContentType: true, NoDefaultDate: true,
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.Request.Header.Del("Connection")
			if err := client.Do(&ctx.Request, &ctx.Response); err != nil {
				ctx.SetStatusCode(502)
			}
			ctx.Response.Header.Set("x-weir-version", "1")
		},
	}
	return server.Serve
}
