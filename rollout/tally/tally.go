package tally

import (
	"time"

	"github.com/weir-gateway/weir/rollout/judge"
)

// Tally counts one generation. All methods may be called concurrently, do not
// block and do not allocate. Methods of a nil Tally do nothing.
type Tally struct{}

// Observation is one finished request.
type Observation struct {
	Arm judge.Arm
	// Key is the hash of the sticky key that the version was chosen by; 0: drawn at random.
	Key     uint64
	Failed  bool // status ≥ 500, or no answer because of the upstream
	Latency time.Duration
}

// Unit says how a request was counted, to be handed to PredictNumber or
// PredictText with its first prediction. The zero Unit was not counted.
type Unit uint32

// Begin counts a request of the arm as in flight.
func (t *Tally) Begin(arm judge.Arm) {}

// Discard takes back a Begin without counting the request.
func (t *Tally) Discard(arm judge.Arm) {}

// Record counts a finished request.
func (t *Tally) Record(o Observation) Unit { return 0 }

// PredictNumber counts the numeric prediction of a unit: once a request, the first row.
func (t *Tally) PredictNumber(u Unit, value float64) {}

// PredictText counts the class predicted for a unit: once a request, the first row.
func (t *Tally) PredictText(u Unit, class []byte) {}
