package proxy_test

import (
	"log/slog"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/registry"
)

// fixedBackend is a backend that doesn't allocate, so that what is counted is
// the gateway's.
func fixedBackend(t testing.TB, response string) string {
	return listen(t, func(p *peer) {
		buf := make([]byte, 64<<10)
		answer := []byte(response)
		for {
			n, err := p.Read(buf)
			if err != nil {
				return
			}
			// The forwarded head is longer than the client's: a body's last byte
			// ends the request.
			if buf[n-1] != '!' {
				continue
			}
			if _, err := p.Write(answer); err != nil {
				return
			}
		}
	}).url
}

type silent struct{}

func (silent) Begin()              {}
func (silent) End(*proxy.Exchange) {}
func (silent) Dropped(string)      {}

func TestARequestDoesNotAllocate(t *testing.T) {
	if raced {
		t.Skip("the race detector empties the pools")
	}
	request := "POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nUser-Agent: x\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhell!"
	response := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: now\r\nContent-Length: 200\r\n\r\n" + string(make([]byte, 200))
	for name, settings := range map[string]proxy.Settings{
		"plain": {}, "capture": {Capture: true, CaptureHeaders: []string{"user-agent"}}, "copied": {},
		"traced": {Trace: func(uint64) bool { return true }}, "idempotent": {Idempotent: true}, "hedged": {Idempotent: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := setup{upstreams: map[string][]string{"1": {fixedBackend(t, response)}}, settings: settings}
			if name == "copied" {
				s.upstreams["2"] = []string{fixedBackend(t, response)}
				s.shadows = []registry.Shadow{{Version: "2", Sample: 1}}
				q := proxy.NewShadowQueue(proxy.ShadowConfig{}, slog.New(slog.DiscardHandler))
				t.Cleanup(q.Close)
				s.settings.Shadow = q
			}
			if name == "hedged" { // as it might be, and isn't: no endpoint is silent for so long
				s.upstreams["1"] = append(s.upstreams["1"], fixedBackend(t, response))
				s.pool.Hedge = proxy.Hedge{After: 20 * time.Second}
			}
			s.observer = silent{}
			w := start(t, s)
			conn, err := net.Dial("tcp", w.address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			head := []byte(request)
			buf := make([]byte, 4<<10)
			once := func() {
				if _, err := conn.Write(head); err != nil {
					t.Fatal(err)
				}
				for n := 0; ; {
					m, err := conn.Read(buf[n:])
					if err != nil {
						t.Fatal(err)
					}
					// The answer's body is 200 bytes of zeros.
					if n += m; n > 200 && buf[n-1] == 0 && buf[n-200] == 0 {
						return
					}
				}
			}
			for range 1000 {
				once()
			}
			const runs = 5000
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range runs {
				once()
			}
			runtime.ReadMemStats(&after)
			per := float64(after.Mallocs-before.Mallocs) / runs
			t.Logf("%.4f allocations a request, %d bytes", per, (after.TotalAlloc-before.TotalAlloc)/runs)
			// A collection in between empties the pools, which are then filled anew;
			// and while copies pile up in the queue, more of them exist at one time.
			limit := 0.05
			if name == "copied" {
				limit = 1
			}
			if per > limit {
				t.Errorf("%.4f allocations a request", per)
			}
		})
	}
}
