// Package drift scores how far a sample lies from a reference, as the tools that
// people compare with do it. Numerics only: no clock, no I/O.
//
// [PSI] and [JS] work on counts a bin and serve the online monitor, whose bins come
// from the reference alone. [EvidentlyPSI], [EvidentlyJS] and [EvidentlyKL] work on
// raw numbers with the binning and the zero filling of Evidently 0.7
// (legacy/calculations/stattests) and agree with it to 1e-6.
//
// A score means nothing without the value it has when nothing changed: [NullPSI]
// and [NullJS] give its expectation for the sizes of both samples, from the
// chi-square approximation PSI ≈ (1/n+1/m)·χ²(B−1), JSD ≈ PSI/8 (B. Yurdakul,
// Statistical properties of the population stability index, 2018).
//
// No function returns NaN or an infinity: with an empty side a score is 0, which
// callers must not show as "no drift" but leave out.
package drift
