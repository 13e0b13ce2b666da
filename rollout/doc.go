// Package rollout walks a candidate through growing shares of the traffic,
// judges it against the stable version at every step, and goes back by itself
// when it is proven worse.
//
// [Plan] says how to walk, [Rollout] is the state of one walk (a JSON document
// that survives restarts), its method Next the pure decision what to do at a
// moment, and [Controller] runs walks against a registry and a source of
// counts. The statistics are in package rollout/judge, the counting in
// rollout/tally.
package rollout
