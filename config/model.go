package config

import (
	"bytes"
	"encoding/json"
)

// Model configures one prediction service. Which versions it has and how
// traffic is split between them is the registry's business, not
// configuration's.
type Model struct {
	Protocol   string   `json:"protocol"` // oip | tfserving | mlflow | json
	Route      Route    `json:"route"`
	Assign     Assign   `json:"assign"`
	Pin        Pin      `json:"pin"`
	Timeout    Duration `json:"timeout"`    // from the request sent to the head of the answer
	MaxBody    Size     `json:"max_body"`   // a request's body; bodies stream, so this costs no memory
	Idempotent bool     `json:"idempotent"` // a request whose endpoint failed is sent to another one, within a budget
	Upstream   Upstream `json:"upstream"`
	Shadow     Shadow   `json:"shadow"`
	Monitor    Monitor  `json:"monitor"`
	Rollout    Rollout  `json:"rollout"`
	Source     Source   `json:"source,omitzero"` // where versions come from, beside the admin API
}

// Route says which requests are the model's.
type Route struct {
	Prefix string `json:"prefix"` // path prefix, at a segment's end; the protocol's own for this model by default
}

// Assign makes a client stick to one arm: exactly one field is set, or none,
// and then each request draws its arm at random. So does a request that lacks
// the key.
type Assign struct {
	Header string `json:"header,omitempty"`
	Cookie string `json:"cookie,omitempty"`
	JSON   string `json:"json,omitempty"` // a top-level field of the request's body
}

// Pin lets a request choose its version; off while Header is empty.
type Pin struct {
	Header string `json:"header,omitempty"`
}

// Upstream configures the connections to each endpoint of each version.
type Upstream struct {
	ConnectTimeout Duration `json:"connect_timeout"`
	IdleTimeout    Duration `json:"idle_timeout"` // of a pooled connection
	Health         Health   `json:"health"`

	MaxConnections  int      `json:"max_connections"`  // requests in flight at one endpoint; 0: any
	MaxQueue        int      `json:"max_queue"`        // requests that wait for one that has so many
	QueueTimeout    Duration `json:"queue_timeout"`    // how long they may
	Balance         string   `json:"balance"`          // one of balances
	SlowStart       Duration `json:"slow_start"`       // how long an endpoint that is new or back gets less; 0: not at all
	ResolveInterval Duration `json:"resolve_interval"` // between two look-ups of a name
	Ejection        Ejection `json:"ejection"`
	Hedge           Hedge    `json:"hedge"`

	TLS UpstreamTLS `json:"tls"` // with https endpoints
}

// UpstreamTLS names files as written, see Config.Path; they are read again when
// they change.
type UpstreamTLS struct {
	CA                 string `json:"ca,omitempty"`          // PEM: who may have signed endpoints' certificates, instead of the system's authorities
	Cert               string `json:"cert,omitempty"`        // PEM: what is shown to endpoints that ask
	Key                string `json:"key,omitempty"`         // PEM
	ServerName         string `json:"server_name,omitempty"` // what endpoints' certificates must be for, instead of the endpoint's host
	InsecureSkipVerify bool   `json:"insecure_skip_verify"`
}

// Ejection configures when an endpoint is left out because requests fail at it.
type Ejection struct {
	Failures int      `json:"failures"`  // in a row; 0: never
	Time     Duration `json:"time"`      // at first; twice as long each time in succession
	MaxShare float64  `json:"max_share"` // of the endpoints, in per cent
}

// Hedge configures when a request is sent to a second endpoint as well, because
// the first is silent.
type Hedge struct {
	After  HedgeAfter `json:"after"`
	Budget float64    `json:"budget"` // of the requests, in per cent
}

// Health configures the active checks of an endpoint.
type Health struct {
	Path     string   `json:"path"` // GET, healthy on 2xx; empty: a TCP connection that opens is healthy
	Interval Duration `json:"interval"`
	Timeout  Duration `json:"timeout"`
}

// Shadow bounds what copies to shadow versions may cost. Whatever exceeds a
// bound is not sent, and counted.
type Shadow struct {
	Queue     int      `json:"queue"`     // copies that wait
	MaxBytes  Size     `json:"max_bytes"` // of all bodies that wait or are on their way: the memory bound
	MaxBody   Size     `json:"max_body"`  // of one request
	Workers   int      `json:"workers"`   // copies on their way at one time
	MaxRate   Size     `json:"max_rate"`  // of answers, a second
	Timeout   Duration `json:"timeout"`
	Tolerance float64  `json:"tolerance"` // relative difference up to which two numbers are the same answer

	Tolerances map[string]float64 `json:"tolerances,omitempty"` // output → the same for its numbers

	NoiseSample float64 `json:"noise_sample"` // share of the copied requests that the answering version gets a second time
}

// Monitor configures the online summaries and detectors of a model. Off is
// written `monitor: off`, in YAML and in JSON.
type Monitor struct {
	Off             bool                  `json:"-"`
	Slices          []string              `json:"slices,omitempty"`     // input fields, or header:NAME
	Positive        string                `json:"positive,omitempty"`   // class whose share is a slice's positive rate; the natural one by default
	Score           string                `json:"score,omitempty"`      // output that is the probability of the positive class; the first output by default, where it is one
	Features        map[string][]string   `json:"features,omitempty"`   // tensor or field → names of its columns
	Text            []string              `json:"text,omitempty"`       // columns of text that is watched by numbers made of it
	Embeddings      map[string]*Embedding `json:"embeddings,omitempty"` // tensor or field → what its lists are
	Window          Duration              `json:"window"`
	Reference       string                `json:"reference"`         // profile | stable
	FalseAlarmEvery float64               `json:"false_alarm_every"` // mean observations between false alarms, all features of the model together
	Sample          float64               `json:"sample"`            // share of the requests that is observed, by a hash of their ids
	Queue           int                   `json:"queue"`             // exchanges that wait
	MaxBytes        Size                  `json:"max_bytes"`         // of all bodies that wait
	MaxBody         Size                  `json:"max_body"`          // of a request or an answer; larger ones are counted, not decoded
	Workers         int                   `json:"workers"`
	MaxMemory       Size                  `json:"max_memory"` // of summaries and references, by estimate; what has no room is counted and not watched
	Labels          Labels                `json:"labels"`
}

// Embedding describes a tensor or field of lists of numbers that mean something
// together only.
type Embedding struct {
	Dims int `json:"dims"` // numbers a list
}

// Labels bounds the predictions that wait for their labels. Those over a bound
// are forgotten, oldest first, and counted.
type Labels struct {
	TTL      Duration `json:"ttl"`       // a label that comes later finds nothing
	Max      int      `json:"max"`       // requests
	MaxBytes Size     `json:"max_bytes"` // of their predictions, estimated
}

// MarshalJSON writes "off" or the mapping.
func (m Monitor) MarshalJSON() ([]byte, error) {
	if m.Off {
		return []byte(`"off"`), nil
	}
	type plain Monitor // without this method
	return json.Marshal(plain(m))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *Monitor) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte(`"off"`)) {
		*m = Monitor{Off: true}
		return nil
	}
	type plain Monitor
	return json.Unmarshal(data, (*plain)(m))
}
