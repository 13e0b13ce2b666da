// Package sim checks the two promises of the detectors and the one of the verdicts by
// simulation: how rarely they ring without a change, how soon they ring after one,
// beside a CUSUM that knows both distributions, and how often an equally good
// version is failed.
//
// It has tests only. `go test` runs a short form that fails where a mean run length
// is below its promise by more than three standard errors, or an error rate above
// its bound. `make sim` runs the full form, minutes on one core, and writes
// docs/simulations.md. Every seed is fixed and stands in the table.
package sim
