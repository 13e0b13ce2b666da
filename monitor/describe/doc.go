// Package describe makes a few numbers of a text or of an embedding, so that what is
// watched of numbers (sketches, scores, sequential tests) can be watched of them:
//
//	var t [describe.TextNumbers]float64
//	describe.Text(comment, &t)               // by describe.TextNames(): length, words, …
//
//	p := describe.NewProjection(384, 8, 1)   // dimensions, directions, seed
//	out := make([]float64, p.Numbers())      // norm, p1, … p8
//	p.Of(embedding, out)
//
// Nothing here knows a language or a model: the numbers say that texts or vectors are
// not what they were, not what they mean. The same input gives the same numbers on
// every machine, today and with the next release: profiles keep them.
package describe
