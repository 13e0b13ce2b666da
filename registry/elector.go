package registry

import "context"

// Replica is one of several gateways on one registry, as a person would look
// for it.
type Replica struct {
	Name  string `json:"name"`            // unique among those of the registry
	Admin string `json:"admin,omitempty"` // host:port of its admin API
}

// Elector is a [Store] that several gateways share, and that has at most one of
// them run rollouts. A store that is not one belongs to a single gateway.
type Elector interface {
	// Campaign stands for leader until ctx ends, which it returns the error of,
	// or ErrClosed. Whenever it wins, it calls lead with a context that ends
	// once the lead is lost, and with a store for that term: its Commit and
	// PutRollout are ErrNotLeader, and change nothing, after another may have
	// been elected. It waits for lead to return, and then gives the lead back.
	Campaign(ctx context.Context, me Replica, lead func(ctx context.Context, term Store)) error
	// Leader is who leads, as far as is known here. It does not wait.
	Leader() (Replica, bool)
}
