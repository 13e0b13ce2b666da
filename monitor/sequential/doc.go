// Package sequential holds the change detectors of the monitors: they may be looked
// at after every observation, for ever, and keep a promised mean run length.
//
// Each detector is an e-detector (Shin, Ramdas, Rinaldo: E-detectors, 2022): an
// average of Shiryaev-Roberts statistics M ← L·(M+1) whose increments L ≥ 0 have
// E[L | past] ≤ 1 as long as nothing changed. It rings at M ≥ γ, and then
//
//	E∞[number of its observations before it rings] ≥ γ.
//
// m detectors on the same stream with the threshold m·γ each keep this for "any of
// them rings", whatever their dependence, because M₁/m + … + M_m/m is an e-detector
// too.
//
// The reference is an estimate, and nothing is set aside for that: [Distribution]
// ranks every number among the reference and all that it has seen itself, [Rate] and
// [Categories] bet against the share among both. So a reference that is a little off
// is learned away. The promise is one on average over references; one that is z
// standard errors off is worth z²/2 of log evidence, once. Bets on spots, parts of the
// reference's ranks, and on moves between categories pay by what both have seen there.
//
// The detectors assume that observations before the change are independent draws
// of the reference; autocorrelation or a daily cycle that the reference does not
// have is, to them, a change. docs/simulations.md has run lengths and delays.
//
// # After an alarm
//
// A detector that has rung starts from nothing and keeps quiet for 1,000 of its
// observations; a change that persists rings again after that, then after 2,000,
// 4,000, … up to 1,024,000. When the evidence has not reached the threshold for ten
// times the last quiet period the doubling starts anew. Keeping quiet only removes
// alarms, so the promise holds for the restarted detector too.
//
// Shiryaev-Roberts rather than CUSUM: with mixtures a CUSUM wastes the budget (mean
// run length 45,000 and more where 1,000 was asked for). A plug-in of an estimated
// current histogram was rejected: it ran 341 of 1,000 with 500 reference rows.
//
// No clock, no I/O, no goroutines; a detector is not safe for concurrent use.
package sequential
