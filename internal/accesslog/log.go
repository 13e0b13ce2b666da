package accesslog

import (
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a Log is made with.
type Options struct {
	Stderr interface{ Write(p []byte) (int, error) } // of the process; nil: there is none
	Log    *slog.Logger                              // for faults of the log itself
	Seed   uint64                                    // of the sampling; random bits
	Queue  int                                       // entries that wait; 4096
	Now    func() time.Time                          // time.Now
}

// Settings are what a reload may change.
type Settings struct {
	Output string  // Stderr, the path of a file, or "": the log is off
	Sample float64 // share of requests that are logged, 0 to 1
	Errors bool    // log every failed request, whatever Sample says
}

// Stats are what became of entries since New.
type Stats struct {
	Lines      uint64 // written
	QueueFull  uint64 // dropped: too many waited
	WriteError uint64 // dropped: the output failed
}

// Log is an access log. Its methods are safe for concurrent use, but for Add
// after Close.
type Log struct {
	o     Options
	queue chan *record
	free  sync.Pool

	// What requests look at. mode 0 is off, which costs them one load.
	mode      atomic.Uint32
	threshold atomic.Uint64 // an entry is sampled if its draw is below
	draws     atomic.Uint64

	lines, full, failed atomic.Uint64

	mu      sync.Mutex
	next    *output       // committed, and not yet taken by the writer
	closed  bool          //
	changed chan struct{} // says that next is there
	done    chan struct{} // closed by Close
	ended   chan struct{} // closed when the writer has ended
}

const (
	modeSample = 1 << iota
	modeErrors
)

// New returns a log that is off.
func New(o Options) *Log {
	if o.Queue <= 0 {
		o.Queue = 4096
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Log{
		o: o, queue: make(chan *record, o.Queue),
		changed: make(chan struct{}, 1), done: make(chan struct{}), ended: make(chan struct{}),
	}
	l.free.New = func() any { return new(record) }
	go l.write() // Close waits for it
	return l
}

// Change is new settings with their output opened, not yet in force.
type Change struct {
	log      *Log
	settings Settings
	output   output
}

// Prepare opens the output of s. Either Commit or Discard must follow.
func (l *Log) Prepare(s Settings) (*Change, error) {
	out, err := l.open(s.Output)
	if err != nil {
		return nil, err
	}
	return &Change{l, s, out}, nil
}

// Commit puts the settings in force. Entries already queued go to the new
// output. It does not wait for a write to the old one, which may hang.
func (c *Change) Commit() {
	l := c.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		c.Discard()
		return
	}
	if l.next != nil {
		_ = l.next.close() // replaced before anything was written to it
	}
	l.next = &c.output
	select {
	case l.changed <- struct{}{}:
	default:
	}
	l.threshold.Store(threshold(c.settings.Sample))
	l.mode.Store(c.settings.mode())
}

func (s Settings) mode() (mode uint32) {
	if s.Output == "" {
		return 0
	}
	if s.Sample > 0 {
		mode |= modeSample
	}
	if s.Errors {
		mode |= modeErrors
	}
	return mode
}

// Discard closes what Prepare opened.
func (c *Change) Discard() { _ = c.output.close() } // nothing was written to it

// threshold is the number below which a share of all 64-bit numbers lies.
func threshold(share float64) uint64 {
	if share >= 1 {
		return math.MaxUint64
	}
	return uint64(max(share, 0) * 0x1p64)
}

// Wants says whether a request is to be logged. While the log is off that is one
// load of memory.
func (l *Log) Wants(failed bool) bool {
	mode := l.mode.Load()
	if mode == 0 {
		return false // Fast path
	}
	if failed && mode&modeErrors != 0 {
		return true
	}
	return mode&modeSample != 0 && l.draw() <= l.threshold.Load()
}

// draw returns 64 random bits: SplitMix64 (Steele, Lea, Flood 2014, figure 17), whose state is
// a counter, so that concurrent callers need nothing but an atomic addition.
func (l *Log) draw() uint64 {
	z := l.o.Seed + l.draws.Add(1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Add queues e, and copies of it what does not live for ever. It never waits.
func (l *Log) Add(e *Entry) {
	r := l.free.Get().(*record)
	r.hold(e)
	select {
	case l.queue <- r:
	default:
		l.full.Add(1)
		l.free.Put(r)
	}
}

// Stats returns the counters.
func (l *Log) Stats() Stats {
	return Stats{Lines: l.lines.Load(), QueueFull: l.full.Load(), WriteError: l.failed.Load()}
}

// closeTimeout is how long Close waits for an output that takes nothing.
const closeTimeout = 5 * time.Second

// Close writes what is queued, closes the output and waits for both; for an
// output that hangs, such as a pipe that nobody reads, 5 seconds.
func (l *Log) Close() {
	l.mode.Store(0)
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	l.mu.Unlock()
	if first {
		close(l.done)
	}
	limit := time.NewTimer(closeTimeout)
	defer limit.Stop()
	select {
	case <-l.ended:
	case <-limit.C:
		l.o.Log.Error("the access log takes nothing; what is queued is lost", "lines", len(l.queue))
	}
}
