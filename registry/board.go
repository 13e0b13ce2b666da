package registry

import (
	"context"
	"encoding/json"
)

// Notice is what one process says about a topic, for the others that share the
// registry.
type Notice struct {
	Replica Replica `json:"replica"`
	// Process is this start of the replica: what it counts begins anew with the next.
	Process string `json:"process"`
	// Alive: the process was heard of within its session's time. The notice of one
	// that is not stays as it was.
	Alive bool            `json:"alive"`
	Doc   json.RawMessage `json:"doc"`
}

// Board is a [Store] that several gateways share, and on which each puts up
// notices that the others read. A store that is not one belongs to a single
// gateway.
type Board interface {
	// Attend makes a process known as alive until ctx ends, which it returns the
	// error of, or ErrClosed. Process is a name that no other start has. After
	// an outage it puts up again what was posted. One process attends at a time.
	Attend(ctx context.Context, me Replica, process string) error
	// Post puts up the attending process's notice about a topic; the last one
	// wins. One that can't be put up now is an error, and is put up once it can.
	// A topic is one or more names with / between them.
	Post(ctx context.Context, topic string, doc []byte) error
	// Notices are those about a topic, of all processes, by process.
	Notices(ctx context.Context, topic string) ([]Notice, error)
	// Strike takes a process's notice down; one that is not there is no error.
	Strike(ctx context.Context, topic, process string) error
}
