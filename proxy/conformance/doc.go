// Package conformance drives Weir, and the proxies that it is measured against,
// through one table of cases over raw sockets, and says who does what. It has no
// code but its tests:
//
//	go test ./proxy/conformance                     Weir; nginx, HAProxy and Envoy where they are installed
//	go test ./proxy/conformance -update             the same, and writes docs/conformance.md
//	WEIR_REQUIRE_PEERS=1 go test ./proxy/conformance    nginx or HAProxy missing is a failure
//
// # How a case is judged
//
// A case is bytes that a client sends, or bytes that an origin answers with, and
// what may come of them. What the origin got and what the client got is read by
// a reader of this package's own, which shares no code with Weir's and takes
// nothing that could be read in two ways. So "passed on" means: passed on in a
// form that no recipient can misread.
//
// Each case names a section of RFC 9110 or 9112 and how binding it is. Where the
// RFCs leave a choice and refusing costs no honest client anything, the case
// also says what the strict choice is; a server that takes the other one is
// lenient, which is no breach.
//
// # What else is here
//
// Answers cut at every byte, connections that an origin closes while they are
// idle, origins that speak out of turn, clients that leave, stand still or read
// slowly, and bodies of 200 MB: for Weir alone. And fuzz targets that hold Weir's
// parser against two others: this package's, and the standard library's.
//
// Ideas for cases come from h1spec, Http11Probe, http-desync-guardian and what
// was published with the HTTP Garden; none of their text is here.
package conformance
