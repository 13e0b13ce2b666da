// Package router decides which version of a model answers a request.
//
// A [Table] is compiled once from what the configuration and the registry say
// and is immutable from then on: the gateway swaps one pointer to it, every
// request loads that pointer once, and a decision made under one table is never
// mixed with another. Everything that can be wrong is refused by [Compile], so
// that [Route.Decide] has nothing left to fail at.
//
// The package is pure: no clock, no I/O, no source of randomness of its own.
// Whoever asks for a decision brings 64 random bits, or the hash of a sticky key.
//
//	table, err := router.Compile(specs)
//	route := table.Match(path)
//	decision := route.Decide(router.Query{Key: router.HashKey(user), Random: rand.Uint64()})
//
// # Splits
//
// Arms are asked in a fixed order, candidates by name and the stable version
// last: candidate i takes a request with probability w_i / (what the candidates
// before it left), by comparing a 64-bit mix of the key and the candidate's own
// salt with one threshold. Three properties follow:
//
//   - shares are exact to 2⁻⁶⁴, and a weight of 0 is never chosen;
//   - raising a candidate's weight only raises its threshold, so that with a
//     sticky key it keeps every key it had and only gains some;
//   - each candidate has its own salt, so that it is not always the same
//     unlucky users who meet a new version first.
//
// Intervals on one hash line were rejected for the last point; weighted
// rendezvous hashing has all three too, but needs a logarithm for every arm.
package router
