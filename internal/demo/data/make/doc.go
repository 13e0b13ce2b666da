// Command make builds the embedded flight data from its public origin:
//
//	go run ./internal/demo/data/make
//
// It fetches the pinned source distribution with pip (python3 -m pip must
// work), checks its digest, joins flights with weather on origin and hour,
// sorts by scheduled departure and writes internal/demo/data/flights.col.zst
// with its digest beside it (flights.col.zst.sha256, as sha256sum checks it).
package main
