package proxies

import (
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/weir-gateway/weir/bench/peers"
)

// copyWorkers send copies, each one at a time; queueLength may wait.
const (
	copyWorkers = 64
	queueLength = 1024
)

// FastHTTP serves the job with fasthttp's server and host clients, for as long
// as the process lives. It does nothing that a safe proxy would have to add.
func FastHTTP(address string, j peers.Job) error {
	clients := make([]*fasthttp.HostClient, len(j.Arms))
	for i, a := range j.Arms {
		clients[i] = client(a.Address, j.Stream)
	}
	var queue chan *fasthttp.Request
	if j.Shadow != "" {
		queue = mirror(client(j.Shadow, false))
	}
	server := &fasthttp.Server{
		Handler: func(c *fasthttp.RequestCtx) {
			c.Request.Header.Del("Connection")
			if queue != nil {
				offer(queue, &c.Request)
			}
			if err := clients[draw(j.Arms)].Do(&c.Request, &c.Response); err != nil {
				c.Error("bad gateway", fasthttp.StatusBadGateway)
				return
			}
			c.Response.Header.Del("Connection")
		},
		NoDefaultServerHeader: true, NoDefaultDate: true, NoDefaultContentType: true, DisableHeaderNamesNormalizing: true,
		MaxRequestBodySize: 1 << 30, StreamRequestBody: j.Stream, IdleTimeout: 5 * time.Minute,
	}
	return fmt.Errorf("proxies: %w", server.ListenAndServe(address))
}

func client(address string, stream bool) *fasthttp.HostClient {
	return &fasthttp.HostClient{
		Addr: address, MaxConns: 1 << 20, MaxIdleConnDuration: 5 * time.Minute, StreamResponseBody: stream,
		NoDefaultUserAgentHeader: true, DisableHeaderNamesNormalizing: true, DisablePathNormalizing: true,
	}
}

func offer(queue chan *fasthttp.Request, r *fasthttp.Request) {
	c := fasthttp.AcquireRequest()
	r.CopyTo(c)
	select {
	case queue <- c:
	default: // the benchmark sees the copies that are missing
		fasthttp.ReleaseRequest(c)
	}
}

// mirror starts what sends copies. It ends with the process.
func mirror(to *fasthttp.HostClient) chan *fasthttp.Request {
	queue := make(chan *fasthttp.Request, queueLength)
	for range copyWorkers {
		go func() {
			answer := fasthttp.AcquireResponse()
			for r := range queue {
				_ = to.Do(r, answer) // an answer to a copy goes nowhere
				fasthttp.ReleaseRequest(r)
				answer.Reset()
			}
		}()
	}
	return queue
}
