// Package load generates HTTP/1.1 load over raw keep-alive connections and
// measures latencies.
//
// [Closed] keeps every connection busy: the next request goes out when the
// answer to the last is in. It finds the capacity, and its latencies say
// nothing about a service that clients call when they please.
//
// [Open] sends requests at their scheduled times whatever became of those
// before, and counts a latency from the moment when the request should have
// gone out. A stall delays everything scheduled during it, and all of that is
// counted (no coordinated omission; Tene, "How NOT to Measure Latency").
package load
