// Package gateway wires Weir together: it is the only place that knows all the
// parts, and it does nothing but connect them.
//
//	configuration ─┐                      ┌─ registry
//	               ▼                      ▼
//	        build: router.Table + pools + observers = proxy.State
//	               │ one pointer is swapped; the old state drains
//	               ▼
//	client ─▶ proxy ─▶ model server     proxy ─▶ observer ─▶ counters, rollout tallies
//	                                                     └─▶ monitor (bounded queue)
//	rollout controller ─▶ store.Commit ─▶ build, swap (before Commit returns)
//
// [New] loads the configuration, opens the registry and listens; [Gateway.Run]
// serves until its context ends, and then drains. Every change, whether it comes
// from the configuration file, from the registry or from a commit of this very
// process, goes through [Gateway.apply]: build the new state whole, swap one
// pointer, retire the old. What can't be built changes nothing: a model keeps
// its last good traffic, the gateway its last good configuration, and a gauge,
// an event and the log say so.
package gateway
