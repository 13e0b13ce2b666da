// Package parity compares the scores of weir report with those that Evidently's and
// NannyML's own functions give for the same files: the flights of package
// internal/demo/data and the data sets that scikit-learn brings along.
//
// It has tests only. They need the Python environment .cache/venv-parity, which
// scripts/setup makes from requirements-parity.txt in internal/peers, and skip with
// a reason where it is missing, unless WEIR_REQUIRE_PEERS=1. `make parity` also writes
// docs/parity.md.
package parity
