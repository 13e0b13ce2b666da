package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

const (
	maxDocument = 1 << 20 // bytes of a request body, but for profiles
	maxProfile  = 8 << 20 // bytes of a profile's JSON; 200 features take well under one MiB
	maxDepth    = 32      // nesting of a request body
)

// readBody reads at most limit bytes of the request's body.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, newProblem(http.StatusRequestEntityTooLarge, api.TypeBodyTooLarge,
			"the body is larger than the %d bytes this call takes", limit)
	}
	if err != nil {
		return nil, invalid("body", "could not be read to its end: %v", err)
	}
	return data, nil
}

// decodeBody reads one strict JSON object into v: no unknown and no repeated member, nothing after it. An empty body
// is an empty object, so that calls whose members are all optional can be made without one.
func decodeBody(w http.ResponseWriter, r *http.Request, v any) error {
	data, err := readBody(w, r, maxDocument)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	noteReason(r, data)
	return decodeStrict(data, v)
}

func decodeStrict(data []byte, v any) error {
	if err := checkObject(data); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	var wrongType *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrongType):
		name := wrongType.Field
		if name == "" {
			name = "body"
		}
		return invalid(name, "is a JSON %s, but %s is expected (at byte %d)", wrongType.Value, jsonName(wrongType.Type.Kind().String()), wrongType.Offset)
	}
	if field, ok := errors.AsType[*registry.FieldError](err); ok {
		return invalid(field.Field, "%s", field.Reason)
	}
	// The decoder of the standard library tells an unknown member by its text only.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return invalid(strings.Trim(name, `"`), "is not a member of this document; see /api/v1/openapi.json for those that are")
	}
	return invalid("body", "%s", strings.TrimPrefix(err.Error(), "json: "))
}

// checkObject refuses what the standard decoder lets through: repeated members, of which the last would silently win,
// text after the document, and nesting without a bound.
func checkObject(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	t, err := d.Token()
	if err != nil {
		return syntax(err, d)
	}
	if t != json.Delim('{') {
		return invalid("body", "is not a JSON object")
	}
	if err := checkMembers(d, "", 1); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return invalid("body", "has text after the JSON object, at byte %d", d.InputOffset())
	}
	return nil
}

func checkMembers(d *json.Decoder, path string, depth int) error {
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return syntax(err, d)
		}
		name, _ := t.(string)
		at := join(path, name)
		if seen[name] {
			return invalid(at, "is given twice")
		}
		seen[name] = true
		if err := checkValue(d, at, depth); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return syntax(err, d)
}

func checkValue(d *json.Decoder, path string, depth int) error {
	t, err := d.Token()
	if err != nil {
		return syntax(err, d)
	}
	if depth >= maxDepth {
		return invalid(path, "is nested deeper than %d levels", maxDepth)
	}
	switch t {
	case json.Delim('{'):
		return checkMembers(d, path, depth+1)
	case json.Delim('['):
		for i := 0; d.More(); i++ {
			if err := checkValue(d, fmt.Sprintf("%s[%d]", path, i), depth+1); err != nil {
				return err
			}
		}
		_, err := d.Token()
		return syntax(err, d)
	}
	return nil
}

func syntax(err error, d *json.Decoder) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return invalid("body", "ends before the JSON object does, at byte %d", d.InputOffset())
	}
	return invalid("body", "is not JSON at byte %d: %v", d.InputOffset(), err)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// jsonName turns a Go kind into the word a JSON author knows.
func jsonName(kind string) string {
	switch {
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"), strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "slice", kind == "array":
		return "an array"
	case kind == "struct", kind == "map":
		return "an object"
	case kind == "bool":
		return "true or false"
	}
	return "a " + kind
}
