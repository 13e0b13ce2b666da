// Package replay is the demo's client: it sends rows as Open Inference
// Protocol requests to one URL, in order, over a fixed number of keep-alive
// connections, and counts what comes back by version and by status.
//
//	p, err := replay.New(replay.Config{URL: "http://127.0.0.1:8080/v2/models/flights/infer"})
//	err = p.Play(ctx, next) // until next has no more rows or ctx ends
//	p.Counts()
//
// It is a closed loop: a connection sends its next row when the answer to the
// last one has arrived, so at most Connections rows are in flight and the
// order of arrival differs from the order of rows by no more than that.
package replay
