// Package monitor watches the inputs, the outputs and the behaviour of every
// version of one model while it serves, and rings when something changed.
//
// One [Monitor] a model. The data plane offers it exchanges and never waits:
//
//	m := monitor.New(monitor.Options{Model: "flights", Protocol: p, OnAlarm: ring})
//	m.SetProfile("2", profile)
//	m.Offer(&monitor.Exchange{Version: "2", Request: …, Response: …}) // never blocks
//	s, err := m.Summary("2", "")                                       // the JSON of the admin API
//	m.Close()                                                          // waits for the workers
//
// Exchanges go through a bounded queue to workers that read the bodies with
// package protocol and update one state a (version, slice). What cannot be queued,
// read or kept within the bounds of [Options] is dropped and counted by reason,
// never silently; a body that cannot be read, even one that makes a decoder panic,
// costs one count and nothing else.
//
// Options.Sample observes a share of the exchanges, chosen by a hash of the request's
// id, and above half a full queue fewer by the same hash; see sample.go. What states
// may hold is taken from a budget before they are made; see memory.go.
//
// What the numbers of a summary mean:
//
//   - observations, count, missing, invalid and unseen count since the version was
//     first seen (or since its profile was replaced);
//   - mean, categories and scores are of a sliding window of [Options.Window]
//     (between three quarters and the whole of it), quantiles of the same window
//     (between a half and the whole of it);
//   - all of it, and the promise, counts what was observed: the sample, not the
//     requests;
//   - evidence and alarms come from package sequential: with a promise of γ
//     observations and m detectors on the version each detector has the threshold
//     m·γ, so that the mean number of observations between false alarms, all
//     features and versions together, is at least γ. Detectors see every
//     observation exactly once, in the order in which exchanges were handled.
//
// Columns of texts and embeddings ([Derivation]) are not features: numbers made of them
// are, by package describe, and have all of the above. A version's profile says which
// columns they are, and [Options] say it of columns that it does not know.
//
// Slices have counts, quantiles and categories of their own. Scores and detectors
// they have where the profile has a reference of their own ([ProfileSlice]): against
// one of all slices together a healthy slice would look like drift. Their detectors
// are among the m of their version. What needs no reference every slice has: how far
// apart their positive rates are ([FairnessGap]), and the values of [Options.OnSlice],
// by which a rollout judges each slice against the stable version.
package monitor
