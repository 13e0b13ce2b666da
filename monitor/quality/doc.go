// Package quality computes how good predictions were, from pairs of prediction and
// label: as counters and sums of bounded size that can be merged. It has no clock
// and does no I/O.
//
// Classification, of N pairs: accuracy = right/N; of a class precision = TP/predicted,
// recall = TP/actual, F1 = 2·TP/(predicted+actual).
//
// Scores s in [0,1] of a binary label y: log loss = −mean(y·ln s + (1−y)·ln(1−s)), s
// kept away from 0 and 1 by 2⁻⁵²; Brier = mean((s−y)²); expected calibration error =
// Σ n_b/N·|mean y − mean s| over ten bins of equal width. AUC is not exact: scores are
// counted in 256 bins of equal width, a pair in one bin counts ½, so the AUC is wrong
// by at most ½·Σ p_b·n_b/(P·N), which is told beside it.
//
// Regression, of errors e = prediction − label: MAE = mean|e|, RMSE = √mean(e²),
// bias = mean(e).
//
// Without labels, accuracy is estimated from scores of a binary class: if p is the
// probability that a row is positive, it is a true positive with p where positive was
// predicted, and a true negative with 1−p where not, so expected TP = Σ p·1{ŷ=1} and
// so on (NannyML's "confidence-based performance estimation"). p is the share of
// positives among earlier labels of the score's bin, twenty of equal width, once there
// are 20, and the score itself before. The band is that of a normal distribution, for
// both: rows vary by Σp(1−p), and the rate of a bin with n labels by p(1−p)/n. It says
// nothing of a change in what scores are worth, which no estimate without labels can
// see.
//
// What cannot be computed, for want of data, is NaN.
package quality
