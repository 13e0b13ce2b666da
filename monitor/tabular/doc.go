// Package tabular reads tables row by row, for profiles, reports and backtests, so
// that all three see the same values in the same file: CSV with a heading row, what
// a number is, and which texts mean missing.
package tabular
