package monitor

import (
	"strings"
	"time"

	"github.com/weir-gateway/weir/protocol"
)

// Options configure a Monitor. Model and Protocol must be set; a zero or negative
// number elsewhere means its default.
type Options struct {
	Model    string
	Protocol protocol.Protocol

	Window          time.Duration  // of scores, means and quantiles; 10m
	Slices          []string       // input fields, or header:NAME
	Positive        string         // the class whose share is a slice's positive rate; "": the natural one, see FairnessGap
	Text            []string       // columns of text that is described by numbers, see Derivation; a profile's own go before
	Embeddings      map[string]int // lists of so many numbers, likewise
	Score           string         // the output that is the probability of the positive class; "": the first output where it is one
	FalseAlarmEvery float64        // γ, mean observations between false alarms of the model; 1,000,000
	FollowStable    bool           // measure versions against the stable version's live window instead of their profile

	Sample     float64 // share of the requests that is observed, by a hash of their ids; 1
	Queue      int     // exchanges waiting; 4096
	QueueBytes int64   // bytes of their bodies; 64 MiB
	MaxDecoded int     // bytes of a body once its Content-Encoding is taken off; 1 MiB. A worker holds up to four such
	Workers    int     // 1; with more, the order of exchanges and so the alarms are no longer reproducible

	LabelTTL   time.Duration // 24h in which a prediction waits for its label
	LabelMax   int           // 100,000 requests whose predictions wait; the oldest go first
	LabelBytes int64         // 64 MiB of them, estimated; both once more for copies to shadows

	MaxMemory     int64 // 256 MiB of summaries and references, by estimate; what has no room is counted and not watched
	MaxVersions   int   // 16 versions with a state; more are counted and not watched
	MaxFeatures   int   // 1024 inputs and outputs a version
	MaxSlices     int   // 20 values a slice field; the rest is one slice named (other)
	MaxCategories int   // 64 categories beside the profile's; the rest is counted as one

	Cost *Cost // goes on counting in it; nil: in its own

	Tolerance  float64            // relative difference up to which a shadow's number agrees with the primary's; 1e-6
	Tolerances map[string]float64 // the same by output; one that is named here decides beside classes too
	Seed       uint64             // of the randomisation at ties

	Now          func() time.Time                              // time.Now
	OnAlarm      func(Alarm)                                   // called by a worker, in order; must not call back into the Monitor's Close
	OnSlice      func(x *Exchange, field string, value []byte) // once an exchange and slice field, before OnPrediction: the value of the first row; not to be kept
	OnPrediction func(x *Exchange, value protocol.Cell)        // one a row of a successful answer: its first output

	// OnKept, once an exchange whose predictions wait for labels, returns what is
	// to be told the first label of source truth of its first row; nil: nobody.
	// Both are called with the Monitor's lock held.
	OnKept func(x *Exchange) func(Truth)

	OnPair func(x *Exchange, agreed bool) // once a copy whose primary answered: whether the first row agrees; a failure does not
}

// Exchange is one request with its answer, as the monitor sees it. The Monitor
// keeps the pointer and the bodies until it calls Done.
type Exchange struct {
	Version    string
	RequestID  string // by which labels find it; empty: they do not
	Shadow     bool   // a copy; its answer never reached a client
	Assigned   bool   // chosen by weight or sticky key; for OnPrediction, not used here
	Generation uint64 // of the traffic; for OnPrediction, not used here
	At         time.Time
	Status     int           // 0 when there was no answer
	Failed     bool          // counts as an error; its body is not read
	Latency    time.Duration // until the answer was complete

	Request  protocol.Body
	Response protocol.Body
	Primary  protocol.Body // the primary's answer when Shadow, to compare; empty: nothing to compare
	Noise    []string      // not empty: Version answered Primary too, and these shadows got a copy; nothing else is made of it
	Headers  []string      // values of HeaderSlices(Options.Slices), in that order

	// Owner is whatever the caller wants to find again in OnPrediction and Done.
	Owner any

	// Done, where set, is called exactly once, when the Monitor will not touch
	// the Exchange again: also when Offer refuses it (then before Offer returns).
	Done func()

	pair pairing
}

// pairing is what became of a copy.
type pairing uint8

const (
	noPair pairing = iota // nothing to compare with
	agreed
	disagreed
)

const headerPrefix = "header:"

// HeaderSlices returns the header names among slices, in order: what
// Exchange.Headers must carry.
func HeaderSlices(slices []string) []string {
	var names []string
	for _, s := range slices {
		if name, ok := strings.CutPrefix(s, headerPrefix); ok {
			names = append(names, name)
		}
	}
	return names
}

// Bounds where the options have none.
const (
	maxVersions   = 16
	maxFeatures   = 1024
	maxSlices     = 20
	maxCategories = 64
)

// withDefaults fills in what was left zero.
func (o Options) withDefaults() Options {
	o.Window = positive(o.Window, 10*time.Minute)
	o.FalseAlarmEvery = positive(o.FalseAlarmEvery, 1e6)
	o.Sample = min(positive(o.Sample, 1), 1)
	o.Queue = positive(o.Queue, 4096)
	o.QueueBytes = positive(o.QueueBytes, 64<<20)
	o.MaxDecoded = positive(o.MaxDecoded, 1<<20)
	o.Workers = positive(o.Workers, 1)
	o.LabelTTL = positive(o.LabelTTL, 24*time.Hour)
	o.LabelMax = positive(o.LabelMax, 100_000)
	o.LabelBytes = positive(o.LabelBytes, 64<<20)
	o.MaxMemory = positive(o.MaxMemory, 256<<20)
	o.MaxVersions = positive(o.MaxVersions, maxVersions)
	o.MaxFeatures = positive(o.MaxFeatures, maxFeatures)
	o.MaxSlices = positive(o.MaxSlices, maxSlices)
	o.MaxCategories = positive(o.MaxCategories, maxCategories)
	o.Tolerance = positive(o.Tolerance, 1e-6)
	if o.Cost == nil {
		o.Cost = &Cost{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func positive[T int | int64 | float64 | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}
