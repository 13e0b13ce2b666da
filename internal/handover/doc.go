// Package handover passes listening sockets from a running process to the one
// that replaces it, so that no connection is refused in between.
//
//	old: offer, err := handover.NewOffer(path, give, log)   // waits on a Unix socket
//	new: taken, err := handover.Take(path)                  // gets the descriptors
//	new: l := taken.Listener("http", "0.0.0.0:8080")        // and serves
//	new: taken.Ready(ctx)                                   // the old one stops accepting
//	old: <-offer.Taken()                                    // and drains
//
// Both processes have the same socket, with one queue: what is in it when the old
// one stops is accepted by the new one. A new process that fails before Ready
// changes nothing.
//
// The socket lies in a folder of its own that only the user can enter.
package handover
