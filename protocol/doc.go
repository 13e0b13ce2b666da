// Package protocol reads the bodies of inference requests and responses into
// named columns of cells, so that a monitor can watch features without knowing
// which wire format a model server speaks.
//
// Four formats are read: the Open Inference Protocol V2 over REST (with its
// binary extension), the REST API of TensorFlow Serving, MLflow's scoring
// protocol, and plain JSON. A request and its response decode independently.
//
//	p, err := protocol.New("oip", protocol.Options{
//		Features: map[string][]string{"predict": {"sepal_length", "sepal_width"}},
//	})
//	var b protocol.Batch // kept and reused: the steady state allocates nothing
//	if err := p.DecodeRequest(&b, protocol.Body{Bytes: body, JSONLength: -1}); err != nil {
//		var e *protocol.Error
//		errors.As(err, &e) // e.Kind is a stable word for a drop counter
//	}
//	for _, c := range b.Columns {
//		for _, cell := range c.Cells { … } // len(c.Cells) == b.Rows
//	}
//
// One row is one observation. What cannot become a cell is never dropped
// without a trace: a body that cannot be read is a typed [Error], a value of the
// wrong type is a cell of kind [Invalid], an absent one is [Missing], and an
// input that is not a table (an image, a list longer than the limit) is
// named in [Batch.Skipped] while the rest of the body is still read.
//
// # Shapes
//
// A table travels either as a tensor a column (shape [n] or [n,1] each) or as one
// matrix (shape [n,k]); n is the number of observations in both. The columns of a
// matrix are named by [Options.Features] or, without it, tensor[0], tensor[1], …
//
// # Bounds
//
// Bodies come from strangers. [Limits] bounds rows, columns, cells and depth; the
// memory of a Batch is at most a constant times Limits.Cells plus the body's size.
// Decoding never panics and never keeps the body: cells alias it, so a Batch is
// valid only as long as the body is.
package protocol
