package monitor

import (
	"sync/atomic"
	"time"
)

// Cost counts what a model's monitor has done. The counts may outlive the Monitor:
// give them to the next one. Safe for concurrent use; the zero value is ready.
type Cost struct {
	busy         atomic.Int64 // ns
	observations atomic.Uint64
	leftOut      atomic.Uint64 // exchanges, by Options.Sample
}

// spend adds the time of one exchange.
func (c *Cost) spend(d time.Duration) { c.busy.Add(int64(max(d, 0))) }

// CostMetrics is a snapshot of what a monitor costs.
type CostMetrics struct {
	Seconds      float64 // of workers, from taking an exchange to being done with it
	Observations uint64  // rows observed
	LeftOut      uint64  // exchanges that the sample left out
	QueueLength  int     // exchanges that wait
	QueueBytes   int64   // of their bodies
}

// cost needs no lock: what a collector reads must not wait for a worker.
func (m *Monitor) cost() CostMetrics {
	return CostMetrics{
		Seconds:      time.Duration(m.o.Cost.busy.Load()).Seconds(),
		Observations: m.o.Cost.observations.Load(), LeftOut: m.o.Cost.leftOut.Load(),
		QueueLength: len(m.queue), QueueBytes: m.bytes.Load(),
	}
}
