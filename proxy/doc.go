// Package proxy is Weir's HTTP/1.1 data plane: it takes clients' requests, asks
// the [router.Table] which version of a model answers each, forwards it over a
// pooled connection, and tells an [Observer] what happened.
//
//	pool, err := proxy.NewPool(proxy.PoolConfig{Endpoints: []string{"http://127.0.0.1:9001"}}, logger)
//	state, err := proxy.NewState(table, targets, settings)
//	server := proxy.New(proxy.Config{}, logger)
//	server.Swap(state)
//	go server.Serve(listener)
//
// # One state, one pointer
//
// Everything that a request depends on hangs off one immutable [State]. A
// request loads it once. [Server.Swap] replaces it; the requests that began
// under the old one end under it, and [State.Drained] says when the last has.
// Only then may pools that the new state no longer uses be closed.
//
// # What is changed in a message, and what is not
//
// The bytes of the request target that were routed are the bytes that are
// forwarded; an endpoint with a path of its own has that path put in the place
// of the route's prefix. Header fields keep their order, case and bytes, except
// that hop-by-hop fields are removed in both directions (Connection and every
// field it names, Keep-Alive, Proxy-*, TE, Trailer, Transfer-Encoding, Upgrade),
// and that these are added: to requests Via, x-request-id and traceparent where
// the client sent none that is well-formed; to answers x-request-id,
// x-weir-model and x-weir-version, and Date where the upstream sent none. Host is
// the client's own; a request of HTTP/1.0 without one gets the endpoint's. Bodies
// are unchanged; chunks may be cut otherwise than they came, chunk extensions and
// trailers are dropped.
//
// An upgrade (WebSocket) is passed through if the upstream switches to what the
// client offered. Interim answers (1xx) are passed on to HTTP/1.1 clients; 100
// Weir also sends itself, when it is about to read a body that a client holds
// back. A client that closes its sending side counts as gone, as with nginx: its
// request is cancelled.
//
// # When something breaks
//
// An answer that does not end as its framing says is never made to look as if
// it did: the client's connection is reset. A request whose client vanished
// midway is never completed towards the upstream. A request is sent a second
// time only if nothing of it can have been processed: the connection could not
// be made, nothing was written to it, or the peer had closed it before any byte
// of the request arrived there (GET, HEAD and OPTIONS also where a kept-alive
// connection closed without an answer). An endpoint that does so on a new
// connection is tried once more when no other is left, within a budget. A model can be said to be idempotent
// ([Settings]): then a request whose endpoint died before it answered is sent to
// another one, within the same budget; and where the pool has a [Hedge], one whose
// endpoint is silent is sent to a second one as well, within a budget of its own.
//
// # Endpoints
//
// A [Pool] spreads requests over its endpoints ([Balance]), leaves out those
// that are not healthy or at which requests fail, and looks their names up again
// and again. With a limit on what may be in flight at one endpoint, requests
// wait in one bounded line per pool: 429 where it is full, 503 where it takes too
// long. Endpoints speak HTTP/1.1, with TLS or without.
package proxy
