package accesslog

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"time"
)

const (
	batchLines = 256              // at most in one write
	batchBytes = 64 << 10         // after which a batch is written
	quiet      = 10 * time.Second // between two complaints about a failing output
)

// writer is what the writing goroutine has for itself.
type writer struct {
	log     *Log
	out     output
	lines   bytes.Buffer
	count   uint64 // of lines in it
	handler slog.Handler
	broken  bool // the last write failed
	told    time.Time
}

// write renders and writes entries until Close.
func (l *Log) write() {
	defer close(l.ended)
	w := &writer{log: l, out: output{io.Discard, nothing}}
	w.handler = slog.NewJSONHandler(&w.lines, nil)
	for {
		select {
		case <-l.changed:
			w.replace()
		case r := <-l.queue:
			w.replace() // first: what was committed before r came holds for r
			w.batch(r)
		case <-l.done:
			w.replace()
			for r := w.waiting(); r != nil; r = w.waiting() {
				w.batch(r)
			}
			w.close()
			return
		}
	}
}

// waiting returns the next entry that is queued, nil if none is.
func (w *writer) waiting() *record {
	select {
	case r := <-w.log.queue:
		return r
	default:
		return nil
	}
}

// batch writes r and what waits behind it with one call, so that lines of other
// writers to the same terminal stand between lines and not in them.
func (w *writer) batch(r *record) {
	for r != nil {
		w.render(r)
		if w.count == batchLines || w.lines.Len() > batchBytes {
			break
		}
		r = w.waiting()
	}
	n, err := w.out.Write(w.lines.Bytes())
	if err != nil && n > 0 && n < w.lines.Len() {
		_, _ = w.out.Write([]byte{'\n'}) // so that the next line does not begin inside a torn one
	}
	w.note(err)
	w.lines.Reset()
	w.count = 0
}

func (w *writer) render(r *record) {
	level := slog.LevelInfo
	if r.Failed {
		level = slog.LevelError
	}
	line := slog.NewRecord(r.End, level, "request", 0)
	r.attrs(&line)
	_ = w.handler.Handle(context.Background(), line) // a bytes.Buffer takes everything
	w.count++
	r.Entry = Entry{}
	if cap(r.arena) <= 4<<10 {
		w.log.free.Put(r)
	}
}

// note counts the batch, and says when an output begins and ceases to fail.
func (w *writer) note(err error) {
	if err == nil {
		w.log.lines.Add(w.count)
		if w.broken {
			w.broken = false
			w.log.o.Log.Info("the access log is written again")
		}
		return
	}
	w.log.failed.Add(w.count)
	now := w.log.o.Now()
	if !w.broken || now.Sub(w.told) >= quiet {
		w.told = now
		w.log.o.Log.Error("the access log can't be written; its lines are dropped", "error", err)
	}
	w.broken = true
}

// replace takes over the output that was committed last.
func (w *writer) replace() {
	w.log.mu.Lock()
	next := w.log.next
	w.log.next = nil
	w.log.mu.Unlock()
	if next != nil {
		w.close()
		w.out = *next
	}
}

func (w *writer) close() {
	if err := w.out.close(); err != nil {
		w.log.o.Log.Error("closing the access log failed", "error", err)
	}
}
