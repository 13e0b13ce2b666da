// Package server is the demo's model server: one version of a model behind
// the Open Inference Protocol V2 (REST), on its own port, the way Triton,
// MLServer or KServe would serve it. It knows nothing of Weir.
//
//	s, err := server.Start(server.Config{Name: "flights", Version: "1", Model: m})
//	s.URL()   // http://127.0.0.1:41235
//	s.Close() // answers what it has accepted, then ends
//
// Endpoints, each also below /v2/models/NAME/versions/VERSION:
//
//	POST /v2/models/NAME/infer
//	GET  /v2/models/NAME         metadata: inputs and outputs
//	GET  /v2/models/NAME/ready
//	GET  /v2, /v2/health/live, /v2/health/ready
//
// Inputs are a tensor a column, shape [n] or [n,1]. A tensor left out and a
// null in the data are missing values; a tensor of another name, type or
// length is refused with status 400, as is everything else that is not a
// request of the protocol. Outputs are `late` (INT64, 0 or 1) and
// `probability` (FP64).
package server
