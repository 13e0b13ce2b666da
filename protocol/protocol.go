package protocol

import (
	"fmt"
	"strings"
)

// Body is one request or response body as it travelled. A Protocol wants it after
// any Content-Encoding was removed: see package encoding.
type Body struct {
	Bytes       []byte
	Encoding    string // Content-Encoding that Bytes still has; "" and identity: none. A Protocol does not look at it
	ContentType string // as sent; "" is read as the protocol's usual one
	JSONLength  int    // Inference-Header-Content-Length in bytes; -1 when absent
	Path        string // request path after the route's prefix, e.g. "/infer"
}

// Protocol reads the bodies of one wire format. A Protocol is immutable and safe
// for concurrent use; a Batch is not.
type Protocol interface {
	// Name is the word the configuration uses: oip, tfserving, mlflow or json.
	Name() string
	// IsInference reports whether a call with this method and this path after
	// the route's prefix asks for predictions, as opposed to health or metadata.
	IsInference(method, rest string) bool
	// DecodeRequest resets b and fills it with the inputs. A non-nil error is
	// always an *Error; b then holds nothing.
	DecodeRequest(b *Batch, body Body) error
	// DecodeResponse resets b and fills it with the outputs of a successful
	// answer, under the same promise.
	DecodeResponse(b *Batch, body Body) error
}

// Options names columns and bounds work.
type Options struct {
	// Features names the columns of a matrix or list by the tensor or field that
	// carries it. The names apply where a row has exactly as many elements as
	// there are names: servers often call their input and their output the same.
	Features map[string][]string
	// Limits bounds one body; fields that are 0 take the default.
	Limits Limits
}

// Limits bounds what one body may become. The zero value means the defaults.
type Limits struct {
	Rows    int // observations; default 65,536
	Columns int // columns in all, and elements of one list; default DefaultColumns
	Cells   int // rows × columns; default 262,144 (about 10 MiB of cells)
	Depth   int // nested objects that are flattened into dotted names; default 8
}

// DefaultColumns is Limits.Columns where nothing is said.
const DefaultColumns = 1 << 10

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		field *int
		value int
	}{{&l.Rows, 1 << 16}, {&l.Columns, DefaultColumns}, {&l.Cells, 1 << 18}, {&l.Depth, 8}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return l
}

// New returns the protocol called name. An unknown name is an error that lists
// the known ones.
func New(name string, o Options) (Protocol, error) {
	s := settings{features: o.Features, limits: o.Limits.withDefaults()}
	switch name {
	case "oip":
		return oip{s}, nil
	case "tfserving":
		return tfserving{s}, nil
	case "mlflow":
		return mlflow{s}, nil
	case "json":
		return plain{s}, nil
	}
	return nil, fmt.Errorf("protocol: no protocol %q; known are oip, tfserving, mlflow and json", name)
}

// DefaultPrefix returns the path under which a server of this protocol offers
// model; ok is false where the protocol has no path of its own (json).
func DefaultPrefix(name, model string) (prefix string, ok bool) {
	switch name {
	case "oip":
		return "/v2/models/" + model, true
	case "tfserving":
		return "/v1/models/" + model, true
	case "mlflow":
		return "/invocations", true
	}
	return "", false
}

// settings is what every protocol is made with.
type settings struct {
	features map[string][]string
	limits   Limits
}

// named returns the names of the columns of base, or nil where there are none for
// rows of this width.
func (s *settings) named(base []byte, width int) []string {
	if names := s.features[string(base)]; len(names) == width && width > 0 {
		return names
	}
	return nil
}

// versioned strips "/versions/{v}" or "/labels/{l}" from the front of rest, which
// OIP and TensorFlow Serving allow between the model and the verb.
func versioned(rest string, kinds ...string) string {
	for _, kind := range kinds {
		after, ok := strings.CutPrefix(rest, kind)
		if !ok {
			continue
		}
		if end := strings.IndexAny(after, "/:"); end > 0 {
			return after[end:]
		}
	}
	return rest
}
