package protocol

type oip struct{ settings }
type tfserving struct{ settings }
type mlflow struct{ settings }
type plain struct{ settings }

func (oip) Name() string       { return "oip" }
func (tfserving) Name() string { return "tfserving" }
func (mlflow) Name() string    { return "mlflow" }
func (plain) Name() string     { return "json" }

func (oip) IsInference(method, rest string) bool       { return false }
func (tfserving) IsInference(method, rest string) bool { return false }
func (mlflow) IsInference(method, rest string) bool    { return false }
func (plain) IsInference(method, rest string) bool     { return false }

func (oip) DecodeRequest(*Batch, Body) error        { return &Error{Unsupported, "not yet"} }
func (tfserving) DecodeRequest(*Batch, Body) error  { return &Error{Unsupported, "not yet"} }
func (mlflow) DecodeRequest(*Batch, Body) error     { return &Error{Unsupported, "not yet"} }
func (plain) DecodeRequest(*Batch, Body) error      { return &Error{Unsupported, "not yet"} }
func (oip) DecodeResponse(*Batch, Body) error       { return &Error{Unsupported, "not yet"} }
func (tfserving) DecodeResponse(*Batch, Body) error { return &Error{Unsupported, "not yet"} }
func (mlflow) DecodeResponse(*Batch, Body) error    { return &Error{Unsupported, "not yet"} }
func (plain) DecodeResponse(*Batch, Body) error     { return &Error{Unsupported, "not yet"} }
