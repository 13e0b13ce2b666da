// Package sketch holds the descriptive summaries that monitors and rollouts keep
// of a stream in bounded memory. It has no clock, no I/O and no goroutines.
//
//   - [Latency]: an atomic histogram of durations with fixed logarithmic buckets,
//     for concurrent writers; [LatencyCounts] is a snapshot of it that merges,
//     subtracts and answers quantiles.
//   - [Quantiles]: relative-error quantiles of any finite numbers (DDSketch, with
//     buckets of our own), which merge exactly.
//   - [Grid]: an estimated distribution function known exactly at up to 257 points,
//     with the histogram bins and the randomised ranks that belong to it.
//   - [Dictionary]: small numbers for a bounded set of strings, with a rest.
package sketch
