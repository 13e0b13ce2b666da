package api

import (
	"encoding/json"
	"time"
)

// The types of event that GET /api/v1/events delivers.
const (
	EventGeneration = "generation" // this replica routes by a new generation; data is its traffic
	EventVerdict    = "verdict"    // a rollout judged or moved; data is the rollout's status
	EventAlarm      = "alarm"      // a monitor's detection; data is the alarm
	EventInterim    = "interim"    // a rollback without the registry was made or settled; data has its state and traffic
	EventHealth     = "health"     // an endpoint changed its health; data names it
	EventReload     = "reload"     // a reload of the configuration succeeded or failed
	EventRegistry   = "registry"   // the registry was lost or is back; data says why
	EventSource     = "source"     // a source of versions was lost or is back, or has something new; data says what
	EventLeader     = "leader"     // this replica begins or ends to run rollouts; data says which
	EventGap        = "gap"        // events between the client's last id and the next one are gone
	EventCut        = "cut"        // the subscriber was too slow; the stream ends here
)

// The states of a rollback that was made while the registry could not be reached.
const (
	InterimMade       = "made"
	InterimCommitted  = "committed"  // it is a generation now, this gateway's or one alike
	InterimSuperseded = "superseded" // somebody changed the traffic meanwhile, and that holds
)

// Event is one message of the event stream.
type Event struct {
	// ID is opaque; a client sends the last one it saw as Last-Event-ID to go on from there.
	ID    string          `json:"id"`
	Type  string          `json:"type"`
	Model string          `json:"model,omitempty"`
	Time  time.Time       `json:"time"`
	Data  json.RawMessage `json:"data,omitempty"`
}
