// Package judge decides, while a rollout runs, whether a candidate is worse
// than the stable version, good enough to get more traffic, or neither yet. It
// is pure: counts and margins in, verdicts with all their numbers out.
//
// # The test
//
// The gateway draws the version of every request: the candidate with share w,
// known and fixed during a phase. For a bounded outcome X in [0, 1] of a unit
// (a request, or the first request of a sticky key), A = 1 on the candidate,
// and any constant m fixed before the unit was seen,
//
//	Z = (A − w)(X − m)   has   E[Z | past] = w(1 − w)·Δ,   Δ = p_candidate − p_stable,
//
// because A is independent of what either version would have answered. What
// hits both versions alike (an outage, the load of the day, a change of w)
// cancels, and phases with different w multiply into one test. Against
// "Δ ≤ δ" the capital of somebody who bets on the opposite,
//
//	K(λ) = Π (1 + λ(Z − w(1 − w)δ)),   λ ≥ 0,
//
// has an expectation of at most 1 whenever one looks (a supermartingale), so by
// Ville's inequality P(K ever reaches 1/α) ≤ α. Against "Δ ≥ δ" one bets −λ.
// A weighted average over a fixed grid of λ keeps the guarantee and spares the
// choice. (Waudby-Smith & Ramdas, "Estimating means of bounded random variables
// by betting", JRSS B 2024, for the capital process; Lindon & Malek,
// "Anytime-valid inference for multinomial count data", NeurIPS 2022, for
// inverse-propensity tests on streams of events. With m = 0 and δ = 0 the bet is
// their multinomial test: log K changes only at events.)
//
// With a fixed m, Z takes four values in a phase, so log K depends on the
// counts of a phase alone. Counts of several replicas add up, and looking at
// every request or once an hour is the same test.
//
// # Freshness
//
// A candidate that was healthy for hours has lost its accuser most of the
// capital. Evidence for a failure therefore averages over bets that began with
// each batch: the first with weight 0.8, the j-th with 0.2/((j−1)j). Their
// weights sum to 1, so the guarantee stays; the price for a candidate that was
// bad from the start is a factor 0.8 of its evidence.
//
// # Slices
//
// The slice of a unit (an airport, a tenant) is of the request and so fixed
// before the draw: within a slice the same test holds. A guardrail with slices
// splits its level evenly over the places of its fields, see [MostSlices].
package judge
