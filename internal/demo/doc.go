// Package demo is the story behind `weir demo`: a real gateway in front of
// real models on real data, on one machine, with nothing else installed.
//
// The models of package model are trained on the flights of package data and
// served by package server, each version on a port of its own. Package replay
// sends flights of 2013, in the order of their scheduled departure, to the
// gateway, which runs in this process with a file registry in a temporary
// folder. Everything that changes the gateway goes through its admin API over
// HTTP, by the client that the command line uses.
//
//   - Act a: version 1 serves.
//   - Act b: version 2 gets copies of all requests, then walks 1 → 10 → 50 →
//     100 per cent under guardrails, and is promoted.
//   - Act c: version 3 carries a training-serving skew (package model says
//     which). It goes canary, its predictions give it away, and it is rolled
//     back by itself; its monitor names the feature.
//   - Act d: version 4, retrained without the skew, takes over by a switch.
//     Then spring and summer pass in a time lapse (one flight in 70, so that an
//     hour of the day or a day of the week is not taken for a drift), and the
//     monitor names the features that left their reference.
//
// [Run] checks what happened and returns an error when an act went otherwise.
//
// # How sure the outcome is
//
// Version 1 and 2 call 19.7 and 19.0 per cent of the flights late, far inside
// the prediction guardrail's margin of 10 points, and both answer everything
// in the same time. So the chance that act b ends otherwise is well below the
// rollout's false_alarm of 1 per cent, which would hold at the margin itself.
// Version 3 calls 0.1 per cent late. At 1 per cent of the traffic the
// guardrail needed 100 to 162 of its answers to prove that; should it not have
// done so by the step's minimum, it does so at 10 per cent within a second.
// The time lapse of act d raises the alarm "temperature, up" after 30 to 49
// requests from every one of 307 starting points between May 1 and June 15.
// Requests are drawn at random by the gateway; the seed repeats the models and
// the order of the flights, not the draw of each request.
package demo
