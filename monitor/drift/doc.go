// Package drift scores how far a sample lies from a reference, as the tools that
// people compare with do it. Numerics only: no clock, no I/O.
//
// [PSI] and [JS] work on counts a bin and serve the online monitor, whose bins come
// from the reference alone. [Compare] works on whole columns and follows the rules
// of a tool by its name: the same bins, conventions and thresholds as Evidently's,
// NannyML's or SageMaker Model Monitor's own functions, to 1e-6. Where such a
// function is wrong it is followed under the name it has there, and the right one
// stands beside it under another name; docs/drift.md lists them.
//
// A score means nothing without the value it has when nothing changed: [NullPSI]
// and [NullJS] give its expectation for the sizes of both samples, from the
// chi-square approximation PSI ≈ (1/n+1/m)·χ²(B−1), JSD ≈ PSI/8 (B. Yurdakul,
// Statistical properties of the population stability index, 2018).
//
// Compare takes its expectations from the pooled bins themselves, as bins with a
// handful of counts, or filled zeros, make that approximation wrong by a factor.
//
// No function returns NaN or an infinity: with an empty side PSI and JS are
// 0, which callers must not show as "no drift" but leave out, and Compare gives none.
package drift
