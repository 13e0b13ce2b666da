package protocol

import "strings"

// tfserving is the REST API of TensorFlow Serving: predict in its row format
// (instances, predictions) and its columnar format (inputs, outputs), classify and
// regress (examples and context; results).
//
// Lists in the row format belong to the columns instances[0], … and
// predictions[0], …; the fields of objects keep their own names.
type tfserving struct{ settings }

func (tfserving) Name() string { return "tfserving" }

func (tfserving) IsInference(method, rest string) bool {
	switch versioned(rest, "/versions/", "/labels/") {
	case ":predict", ":classify", ":regress":
		return method == "POST"
	}
	return false
}

func (t tfserving) DecodeRequest(b *Batch, body Body) error {
	return b.close(t.decode(b, body, "instances", "inputs", "examples", "context"))
}

func (t tfserving) DecodeResponse(b *Batch, body Body) error {
	return b.close(t.decode(b, body, "predictions", "outputs", "results"))
}

func (t tfserving) decode(b *Batch, body Body, fields ...string) error {
	r, err := newReader(t.settings, b, body)
	if err != nil {
		return err
	}
	r.single, r.base64 = true, true
	var at places
	if err := r.locate(&at, fields); err != nil {
		return err
	}
	switch {
	case at[0] > 0 && at[1] > 0:
		return &Error{Schema, "both " + fields[0] + " and " + fields[1]}
	case at[0] > 0:
		return r.at(at[0]).rowFormat(fields[0])
	case at[1] > 0:
		return r.at(at[1]).columnFormat(fields[1])
	case at[2] > 0 && fields[2] == "results":
		return r.at(at[2]).results()
	case at[2] > 0:
		return r.examples(at[2], at[3])
	}
	return &Error{Schema, "none of " + strings.Join(fields, ", ")}
}

// rowFormat reads an array with an element a row.
func (r *reader) rowFormat(name string) error {
	if t, err := r.peek(); err != nil || t != tokArray {
		return orSchema(err, name+" is not an array")
	}
	return r.rows([]byte(name))
}

// columnFormat reads named tensors, or the only tensor.
func (r *reader) columnFormat(name string) error {
	t, err := r.peek()
	switch {
	case err != nil:
		return err
	case t == tokObject && !r.isBinary(r.i):
		return r.columnar()
	case t == tokArray:
		return r.tensor([]byte(name), true)
	}
	r.batch.Rows = 1
	return r.constant([]byte(name), t)
}

// examples reads the rows of classify and regress; the fields of the context
// apply to every row.
func (r *reader) examples(examples, context int) error {
	if t, err := r.at(examples).peek(); err != nil || t != tokArray {
		return orSchema(err, "examples is not an array")
	}
	if err := r.records(); err != nil || context == 0 {
		return err
	}
	if t, err := r.at(context).peek(); err != nil || t != tokObject {
		return orSchema(err, "context is not an object")
	}
	if r.batch.Rows == 0 {
		return nil
	}
	first := len(r.batch.Columns)
	r.batch.cursor, r.batch.twice = first, false
	if err := r.object(nil, 0, 0); err != nil {
		return err
	}
	if r.batch.twice {
		return &Error{Schema, "context and an example set the same feature"}
	}
	r.batch.spread(first)
	return nil
}

// results reads the answer of regress (numbers) or classify (a list of
// [label, score] a row, of which the best becomes results.label and results.score).
func (r *reader) results() error {
	if t, err := r.peek(); err != nil || t != tokArray {
		return orSchema(err, "results is not an array")
	}
	ahead := *r
	ahead.i++
	ok, err := ahead.more(']', true)
	if err != nil || !ok {
		return err
	}
	if t, err := ahead.peek(); err != nil || t != tokArray {
		if err != nil {
			return err
		}
		return r.tensor([]byte("results"), true)
	}
	r.i++
	for row := 0; ; row++ {
		ok, err := r.more(']', row == 0)
		if err != nil {
			return err
		}
		if !ok {
			r.batch.pad()
			return nil
		}
		if err := r.batch.grow(row); err != nil {
			return err
		}
		if err := r.classes(row); err != nil {
			return err
		}
	}
}

// classes reads the [label, score] pairs of one row and keeps the best.
func (r *reader) classes(row int) error {
	if t, err := r.peek(); err != nil || t != tokArray {
		return orSchema(err, "results mixes numbers and classes")
	}
	var label, score Cell
	r.i++
	for n := 0; ; n++ {
		ok, err := r.more(']', n == 0)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		l, s, err := r.pair()
		if err != nil {
			return err
		}
		if n == 0 || s.Kind == Number && (score.Kind != Number || s.Number > score.Number) {
			label, score = l, s
		}
	}
	r.batch.cursor = 0
	if err := r.batch.put(whole([]byte("results.label")), row, label); err != nil {
		return err
	}
	return r.batch.put(whole([]byte("results.score")), row, score)
}

func (r *reader) pair() (label, score Cell, err error) {
	if t, err := r.peek(); err != nil || t != tokArray {
		return label, score, orSchema(err, "a class is not [label, score]")
	}
	r.i++
	n := 0
	for ; ; n++ {
		ok, err := r.more(']', n == 0)
		if err != nil {
			return label, score, err
		}
		if !ok {
			break
		}
		t, err := r.peek()
		if err != nil {
			return label, score, err
		}
		cell, err := r.value(t)
		if err != nil {
			return label, score, err
		}
		if n == 0 {
			label = cell
		} else {
			score = cell
		}
	}
	if n != 2 {
		return label, score, &Error{Schema, "a class is not [label, score]"}
	}
	return label, score, nil
}
