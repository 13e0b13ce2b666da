package proxies

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/weir-gateway/weir/bench/peers"
)

// NetHTTP serves the job with net/http's ReverseProxy, for as long as the
// process lives.
func NetHTTP(address string, j peers.Job) error {
	if j.Shadow != "" {
		return errors.New("proxies: net/http's copies nothing")
	}
	targets := make([]*url.URL, len(j.Arms))
	for i, a := range j.Arms {
		targets[i] = &url.URL{Scheme: "http", Host: a.Address}
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(targets[draw(j.Arms)])
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{
			MaxIdleConns: 1 << 20, MaxIdleConnsPerHost: 1 << 20, IdleConnTimeout: 5 * time.Minute, DisableCompression: true,
		},
		BufferPool: &buffers{sync.Pool{New: func() any { return make([]byte, 32<<10) }}},
	}
	if j.Stream {
		proxy.FlushInterval = -1
	}
	server := &http.Server{Addr: address, Handler: proxy, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 5 * time.Minute}
	return fmt.Errorf("proxies: %w", server.ListenAndServe())
}

// draw is the index of an arm, by weight.
func draw(arms []peers.Arm) int {
	n := rand.IntN(100) //nolint:gosec // not a secret
	for i, a := range arms {
		if n -= a.Weight; n < 0 {
			return i
		}
	}
	return 0
}

// buffers spares ReverseProxy an allocation of 32 KiB an answer.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte  { return b.pool.Get().([]byte) }
func (b *buffers) Put(p []byte) { b.pool.Put(p) } //nolint:staticcheck // the interface is of slices
