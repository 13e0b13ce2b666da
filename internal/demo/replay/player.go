package replay

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fastjson"

	"github.com/weir-gateway/weir/internal/demo/model"
)

// Config says where to and how fast. Zero fields take defaults.
type Config struct {
	URL         string        // of the inference endpoint
	Connections int           // default 8
	Rate        float64       // requests a second; 0: as fast as answers come
	Timeout     time.Duration // of one request; default 10 s
}

// Player sends rows. Play may be called again after it has returned; counts
// go on.
type Player struct {
	config  Config
	client  *fasthttp.HostClient
	parsers fastjson.ParserPool

	mu     sync.Mutex // next, the schedule and the counts
	counts Counts
	rate   float64
	due    time.Time // of the next request, where the rate limits
}

// New checks the configuration; it does not connect.
func New(c Config) (*Player, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("replay: %q is not an http URL with a host", c.URL)
	}
	if c.Connections <= 0 {
		c.Connections = 8
	}
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	dialer := net.Dialer{Timeout: c.Timeout}
	return &Player{
		config: c,
		client: &fasthttp.HostClient{
			Addr:                u.Host,
			Dial:                func(addr string) (net.Conn, error) { return dialer.DialContext(context.Background(), "tcp", addr) },
			MaxConns:            c.Connections,
			ReadTimeout:         c.Timeout,
			WriteTimeout:        c.Timeout,
			MaxIdleConnDuration: time.Minute,
			// A failure has to be seen and counted, not mended here.
			MaxIdemponentCallAttempts: 1,
			RetryIfErr:                func(*fasthttp.Request, int, error) (bool, bool) { return false, false },
		},
		counts: newCounts(),
		rate:   c.Rate,
	}, nil
}

// Play sends what next gives, from several goroutines but one call of next at
// a time, until it gives false or ctx ends. It returns when every request
// sent has its answer; requests under way when ctx ends are not given up.
func (p *Player) Play(ctx context.Context, next func() (model.Row, bool)) {
	var senders sync.WaitGroup
	for range p.config.Connections {
		senders.Go(func() { p.send(ctx, next) })
	}
	senders.Wait()
	p.client.CloseIdleConnections()
}

// SetRate changes the requests a second, also while playing; 0 is as fast as
// answers come.
func (p *Player) SetRate(rate float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate
}

// Counts is a snapshot of what came back so far.
func (p *Player) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts.clone()
}

func (p *Player) send(ctx context.Context, next func() (model.Row, bool)) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI(p.config.URL)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType("application/json")
	var body []byte
	for ctx.Err() == nil {
		row, wait, ok := p.take(next)
		if !ok || !sleep(ctx, wait) {
			return
		}
		body = AppendRequest(body[:0], row)
		req.SetBodyRaw(body)
		err := p.client.DoTimeout(req, res, p.config.Timeout)
		p.count(res, err)
	}
}

// take gets the next row and how long to wait before sending it.
func (p *Player) take(next func() (model.Row, bool)) (model.Row, time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	row, ok := next()
	if !ok || p.rate <= 0 {
		return row, 0, ok
	}
	now := time.Now()
	if p.due.Before(now) { // what was missed is not made up for by a burst
		p.due = now
	}
	wait := p.due.Sub(now)
	p.due = p.due.Add(time.Duration(float64(time.Second) / p.rate))
	return row, wait, true
}

// sleep reports whether the time passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
