// Package client is the typed client of Weir's admin API, used by the command line and the demo.
//
//	c, err := client.New("http://127.0.0.1:8081", client.Options{Actor: "alice"})
//	change, err := c.Switch(ctx, "flights", "2", "shadowed for a week without a difference")
//	change, err = c.Rollback(ctx, "flights", 0, "pager 4711")
//
// Errors that the gateway reports are *[api.Problem] behind the wrapping; an [*UnreachableError] means that no gateway
// answered at all.
//
// [Client.Split], [Client.Switch] and [Client.Shadow] read the traffic, change a part of it and write it back on the
// condition that nobody was faster. When somebody was, they try again only if what serves is still what they read, and
// fail with [ErrChanged] otherwise: a person decided on something that is no longer there.
package client
