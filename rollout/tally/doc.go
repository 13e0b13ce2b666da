// Package tally counts what the judge needs, one request at a time and from
// many goroutines: a [Book] for each model, in it a [Tally] for each generation
// of its traffic.
//
// The proxy's observer holds the Tally of the generation that a request was
// routed by and calls, for inference requests whose version was drawn (by
// weight or by sticky key, not pinned) and that are not copies:
//
//	t.Begin(arm)                      // when it is forwarded
//	unit := t.Record(observation)     // when it ends, however it ends
//	t.PredictNumber(unit, value)      // later, for the first row of its answer
//
// A request that begins must be recorded or, where it does not count after all,
// given to [Tally.Discard].
//
// The values of slice fields are known only to who reads the body, later:
//
//	label := t.Label(unit)            // to be called when its label comes
//	s := t.InSlice(unit, "origin", value, failed)
//	t.PredictText(unit, class, s)
package tally
