package proxy

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-gateway/weir/proxy/http1"
)

// ShadowConfig bounds what copies may cost. The zero value of a field means its
// default.
type ShadowConfig struct {
	Queue       int           // copies waiting; default 1024
	MaxBytes    int64         // bytes of heads and bodies, waiting or being sent; default 64 MiB
	Workers     int           // copies being sent at one time; default 16
	Timeout     time.Duration // for one copy, from connecting to its answer's end; default 2 s
	MaxBody     int64         // a request with a larger body is not copied; default 4 MiB
	MaxResponse int64         // a copy's answer is cut off beyond; default 4 MiB
	MaxRate     int64         // bytes of answers a second beyond which no copies are made; default 64 MiB
}

func (c ShadowConfig) withDefaults() ShadowConfig {
	c.Queue = or(c.Queue, 1024)
	c.MaxBytes = or(c.MaxBytes, 64<<20)
	c.Workers = or(c.Workers, 16)
	c.Timeout = or(c.Timeout, 2*time.Second)
	c.MaxBody = or(c.MaxBody, 4<<20)
	c.MaxResponse = or(c.MaxResponse, 4<<20)
	c.MaxRate = or(c.MaxRate, 64<<20)
	return c
}

// ShadowQueue sends copies of requests to shadows. A client's request never
// waits for it: a copy that finds the queue full is dropped and counted.
//
// Memory is bounded: MaxBytes for what waits and is being sent, and Workers ×
// MaxResponse for answers. (A primary's captured answer lives as long as its
// copy: at most Queue + Workers of them, each up to Settings.CaptureLimit; they
// count towards MaxBytes too.)
type ShadowQueue struct {
	cfg  ShadowConfig
	log  *slog.Logger
	jobs chan *job
	free sync.Pool
	held atomic.Int64 // bytes
	read meter        // answers

	pending atomic.Int32 // copies that wait or are being sent
	asking  atomic.Int32 // those of them that are for noise
	started atomic.Int32 // workers: as many as were ever wanted at one time

	mu      sync.RWMutex // closing against sending to jobs
	closed  bool
	ctx     context.Context
	cancel  context.CancelFunc
	senders []*sender
	workers sync.WaitGroup
}

// job is one copy to be sent.
type job struct {
	state   *State
	target  *target
	primary *Exchange // retained; has the body
	shadow  int       // index among the route's shadows; −1: the primary's own version, again
	shadows uint64    // then: which shadows the request was copied to
	bytes   int64     // what it counts for
	try     bool      // it tries a version that is left alone

	// head is the request's head as it goes to an endpoint without a path of
	// its own: head[method:prefix] is the route's prefix in it, from fields on
	// stand the header lines.
	head                   []byte
	method, prefix, fields int
	hosted                 bool // Host is among them
}

// NewShadowQueue makes a queue. Its workers start when there is something to do:
// 64 for each of 10,000 models were 1.4 GB of stacks.
func NewShadowQueue(cfg ShadowConfig, log *slog.Logger) *ShadowQueue {
	q := &ShadowQueue{cfg: cfg.withDefaults(), log: log}
	q.jobs = make(chan *job, q.cfg.Queue)
	q.read.rate = q.cfg.MaxRate
	q.ctx, q.cancel = context.WithCancel(context.Background())
	return q
}

// hire starts a worker when more copies are pending than there are workers for.
func (q *ShadowQueue) hire() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || int(q.started.Load()) >= q.cfg.Workers {
		return
	}
	q.started.Add(1)
	s := &sender{queue: q}
	q.senders = append(q.senders, s)
	q.workers.Go(s.work)
}

// Close drops what waits, cuts off what is being sent, and waits for the workers.
func (q *ShadowQueue) Close() {
	q.mu.Lock()
	already := q.closed
	q.closed = true
	q.mu.Unlock()
	if !already {
		close(q.jobs)
	}
	q.cancel()
	for _, s := range q.senders { // no more are hired
		if u := s.up.Swap(nil); u != nil {
			u.interrupt()
		}
	}
	q.workers.Wait()
}

// put queues j. It never waits; it returns why j can't be queued.
func (q *ShadowQueue) put(j *job) (dropped string) {
	if dropped = q.enqueue(j); dropped != "" {
		return dropped
	}
	if n := q.pending.Add(1); n > q.started.Load() && int(q.started.Load()) < q.cfg.Workers {
		q.hire()
	}
	return ""
}

func (q *ShadowQueue) enqueue(j *job) (dropped string) {
	if q.held.Add(j.bytes) > q.cfg.MaxBytes {
		q.held.Add(-j.bytes)
		return "bytes_full"
	}
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		q.held.Add(-j.bytes)
		return "closed"
	}
	j.primary.Retain()
	j.state.copies.Add(1)
	select {
	case q.jobs <- j:
		return ""
	default:
		j.state.copies.Add(-1)
		j.primary.Release()
		q.held.Add(-j.bytes)
		return "queue_full"
	}
}

func (q *ShadowQueue) job() *job {
	if j, ok := q.free.Get().(*job); ok {
		return j
	}
	return &job{}
}

func (q *ShadowQueue) recycle(j *job) {
	head := j.head[:0]
	if cap(head) > 4<<10 {
		head = nil
	}
	*j = job{head: head}
	q.free.Put(j)
}

// work sends copies until the queue is closed.
func (s *sender) work() {
	q := s.queue
	for j := range q.jobs {
		p := &j.target.pool.copying
		if !p.rests() {
			p.wait(q.ctx, q.cfg.Workers)
		}
		switch {
		case q.ctx.Err() != nil:
			j.observer().Dropped("closed")
		case p.rests() && !j.try:
			j.observer().Dropped("unavailable")
		default:
			s.send(j)
		}
		q.pending.Add(-1)
		if j.shadow < 0 {
			q.asking.Add(-1)
		}
		j.primary.Release()
		j.state.copies.Add(-1)
		q.held.Add(-j.bytes)
		q.recycle(j)
	}
}

// copies queues the copies of the request that has just been answered.
func (c *conn) copies() {
	k := &c.w.call
	q := k.cfg.Shadow
	sent := uint64(0)
	for i := range k.route.Shadows {
		if k.shadows>>i&1 == 0 {
			continue
		}
		v := k.route.Shadows[i].Version
		t := &k.state.targets[v.Index]
		if reason := c.copyTo(q, t, i, 0); reason != "" {
			t.observer.Dropped(reason)
			continue
		}
		sent |= 1 << i
	}
	if k.again && sent != 0 && k.x.Fault == FaultNone && k.x.Status/100 == 2 {
		if reason := c.again(q, sent); reason != "" {
			k.target.again.Dropped(reason)
		}
	}
}

// copyTo queues one copy, or says why not.
func (c *conn) copyTo(q *ShadowQueue, t *target, shadow int, sent uint64) (dropped string) {
	k, req, x := &c.w.call, &c.w.req, c.w.call.x
	switch {
	case x.Request.Size > q.cfg.MaxBody:
		return "body_too_large"
	case x.Request.Truncated || k.streams && (k.pump == nil || k.pump.ended.Load() == 0):
		return "body_incomplete"
	}
	if len(q.jobs) == cap(q.jobs) {
		return "queue_full" // before a head is put together in vain
	}
	at := now()
	if !q.read.admits(at) {
		return "rate_full"
	}
	ok, try := t.pool.copying.admits(at)
	if !ok {
		return "unavailable"
	}
	j := q.job()
	j.state, j.target, j.primary, j.shadow, j.try, j.shadows = k.state, t, x, shadow, try, sent
	prefix := len(k.route.Prefix)
	j.head = append(append(j.head[:0], req.Method...), ' ')
	j.method = len(j.head)
	j.head = append(j.head, req.Path[:prefix]...)
	j.prefix = len(j.head)
	j.head = append(append(j.head, req.Path[prefix:]...), req.Query...)
	j.head = append(j.head, " HTTP/1.1\r\n"...)
	j.fields = len(j.head)
	if req.Host != nil && !req.Has(http1.Host) {
		j.head = append(append(append(j.head, "Host: "...), req.Host...), '\r', '\n')
	}
	j.hosted = req.Host != nil
	j.head = k.appendFields(j.head, req)
	if req.Chunked {
		j.head = appendLength(j.head, int(x.Request.Size))
	}
	j.head = append(j.head, "x-weir-shadow: 1\r\n\r\n"...)
	j.bytes = int64(len(j.head)+len(x.Request.Bytes)+len(x.Response.Bytes)) + jobOverhead
	if dropped = q.put(j); dropped != "" {
		q.recycle(j)
	}
	return dropped
}

// jobOverhead is about what a waiting copy takes apart from its bytes.
const jobOverhead = 512
