package proxy_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/registry"
)

const (
	traceID  = "4bf92f3577b34da6a3ce929d0e0e4736"
	parentID = "00f067aa0ba902b7"
)

func TestTheModelServersParentIsTheSpanThatIsRecorded(t *testing.T) {
	all := func(uint64) bool { return true }
	none := func(uint64) bool { return false }
	for _, c := range []struct {
		name     string
		trace    func(uint64) bool
		sent     string
		got      string // pattern
		parent   string
		recorded bool
	}{
		{"off, begun here", nil, "", `^00-[0-9a-f]{32}-[0-9a-f]{16}-00$`, "", false},
		{"off, begun by the client", nil, "00-" + traceID + "-" + parentID + "-01", `^00-` + traceID + "-" + parentID + `-01$`, "", false},
		{"sampled here", all, "", `^00-[0-9a-f]{32}-[0-9a-f]{16}-01$`, "", true},
		{"not sampled here", none, "", `^00-[0-9a-f]{32}-[0-9a-f]{16}-00$`, "", false},
		{"sampled by the client", none, "00-" + traceID + "-" + parentID + "-03", `^00-` + traceID + `-[0-9a-f]{16}-01$`, parentID, true},
		{"not sampled by the client", all, "00-" + traceID + "-" + parentID + "-02", `^00-` + traceID + "-" + parentID + `-02$`, "", false},
		{"of a version to come", all, "01-" + traceID + "-" + parentID + "-01-more", `^00-` + traceID + `-[0-9a-f]{16}-01$`, parentID, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := make(chan *http.Request, 1)
			b := listen(t, func(p *peer) {
				if req, _ := p.request(); req != nil {
					got <- req
					p.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				}
			})
			w := start(t, setup{upstreams: map[string][]string{"1": {b.url}}, settings: proxy.Settings{Trace: c.trace}})
			head := "POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n"
			if c.sent != "" {
				head += "traceparent: " + c.sent + "\r\ntracestate: a=b\r\n"
			}
			w.once(head + "\r\n")
			req := <-got
			saw := req.Header.Get("traceparent")
			if !regexp.MustCompile(c.got).MatchString(saw) || len(req.Header["Traceparent"]) != 1 || c.sent != "" && req.Header.Get("tracestate") != "a=b" {
				t.Errorf("the model server got %v", req.Header)
			}
			x := w.watchers["1"].next(t)
			if x.Trace != saw || x.Parent != c.parent || x.Recorded != c.recorded || c.parent != "" && saw[36:52] == c.parent {
				t.Errorf("%q, parent %q, recorded %v", x.Trace, x.Parent, x.Recorded)
			}
		})
	}
}

func TestACopyBelongsToTheSameSpan(t *testing.T) {
	heads := make(chan string, 2)
	script := func(p *peer) {
		if req, _ := p.request(); req != nil {
			heads <- req.Header.Get("traceparent")
			p.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	}
	q := proxy.NewShadowQueue(proxy.ShadowConfig{}, nil)
	t.Cleanup(q.Close)
	w := start(t, setup{
		upstreams: map[string][]string{"1": {listen(t, script).url}, "2": {listen(t, script).url}},
		shadows:   []registry.Shadow{{Version: "2", Sample: 1}},
		settings:  proxy.Settings{Shadow: q, Trace: func(uint64) bool { return true }},
	})
	w.once("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
	if primary, shadow := <-heads, <-heads; primary != shadow || primary == "" {
		t.Errorf("%q and %q", primary, shadow)
	}
}
