package protocol

import "strings"

// mlflow is MLflow's scoring protocol: dataframe_split, dataframe_records,
// instances and inputs (as in TensorFlow Serving), or CSV; the answer is
// predictions, row-wise or as named arrays.
type mlflow struct{ settings }

func (mlflow) Name() string { return "mlflow" }

func (mlflow) IsInference(method, rest string) bool {
	return method == "POST" && (rest == "" || rest == "/")
}

func (m mlflow) DecodeRequest(b *Batch, body Body) error {
	if isCSV(body.ContentType) {
		return b.close(readCSV(m.settings, b, body))
	}
	return b.close(m.request(b, body))
}

func (m mlflow) request(b *Batch, body Body) error {
	r, err := newReader(m.settings, b, body)
	if err != nil {
		return err
	}
	fields := []string{"dataframe_split", "dataframe_records", "instances", "inputs"}
	var at places
	if err := r.locate(&at, fields); err != nil {
		return err
	}
	chosen := -1
	for k := range fields {
		if at[k] == 0 {
			continue
		}
		if chosen >= 0 {
			return &Error{Schema, "both " + fields[chosen] + " and " + fields[k]}
		}
		chosen = k
	}
	switch chosen {
	case 0:
		return r.at(at[0]).split()
	case 1:
		return r.at(at[1]).frame()
	case 2:
		r.single = true
		if t, err := r.at(at[2]).peek(); err == nil && t == tokObject {
			return r.columnar()
		}
		return r.rowFormat("instances")
	case 3:
		r.single = true
		return r.at(at[3]).inputs()
	}
	return &Error{Schema, "none of " + strings.Join(fields, ", ")}
}

// frame reads dataframe_records.
func (r *reader) frame() error {
	if t, err := r.peek(); err != nil || t != tokArray {
		return orSchema(err, "dataframe_records is not an array")
	}
	return r.records()
}

// inputs reads named tensors, rows, or one value.
func (r *reader) inputs() error {
	if t, err := r.peek(); err == nil && t == tokArray {
		return r.rows([]byte("inputs"))
	}
	return r.columnFormat("inputs")
}

func (m mlflow) DecodeResponse(b *Batch, body Body) error {
	return b.close(m.response(b, body))
}

// response reads predictions; servers before MLflow 2 answered with the bare array.
func (m mlflow) response(b *Batch, body Body) error {
	r, err := newReader(m.settings, b, body)
	if err != nil {
		return err
	}
	r.single = true
	if t, err := r.peek(); err == nil && t == tokArray {
		if err := r.rowFormat("predictions"); err != nil {
			return err
		}
		return r.end()
	}
	var at places
	if err := r.locate(&at, []string{"predictions"}); err != nil {
		return err
	}
	if at[0] == 0 {
		return &Error{Schema, "no field predictions"}
	}
	if t, err := r.at(at[0]).peek(); err == nil && t == tokArray {
		return r.rows([]byte("predictions"))
	}
	return r.columnFormat("predictions")
}
