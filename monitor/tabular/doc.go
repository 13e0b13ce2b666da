// Package tabular reads tables row by row, for profiles, reports and backtests, so
// that all three see the same values in the same file: CSV with a heading row or
// Parquet with flat columns (and lists of numbers where they are wanted), what a number is, and which texts mean missing.
//
// A cell is a text whatever the file: Parquet's values are written as pandas writes
// them into CSV, and a null as NaN, which is missing whatever else is.
package tabular
