package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/weir-gateway/weir/registry"
)

// parse reads a document strictly: no unknown keys, none twice, no wrong types.
// Errors are *placed.
func parse(data []byte) (*written, *outline, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil, &placed{err: errors.New("the file is empty; put its content back, or the next change by command does; emptying a file never removes a model")}
	}
	var w written
	err := json.Unmarshal(data, &w)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return nil, nil, &placed{offset: syntaxAt(data, syntax), err: fmt.Errorf("not JSON: %w", err)}
	}
	o := outlineOf(data)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		path := o.before(int(wrong.Offset))
		return nil, o, &placed{offset: o.find(path), err: fmt.Errorf("%s must be %s, not %s", orDocument(path), kindName(wrong.Type), wrong.Value)}
	}
	// Weights and times come here: the outline knows where they are wrong.
	if o.fault != nil {
		return nil, o, o.fault
	}
	if err != nil {
		return nil, o, &placed{err: err}
	}
	return &w, o, nil
}

// syntaxAt is where the offending character is; the error counts it as read.
func syntaxAt(data []byte, err *json.SyntaxError) int {
	if int(err.Offset) >= len(data) {
		return len(bytes.TrimRight(data, " \t\r\n"))
	}
	return int(err.Offset) - 1
}

func orDocument(path string) string {
	if path == "" {
		return "the document"
	}
	return path
}

// kindName is a Go type in the words of somebody who edits JSON.
func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text in quotes"
	case reflect.Slice, reflect.Array:
		return "a list in [ ]"
	case reflect.Struct, reflect.Map:
		return "an object in { }"
	case reflect.Uint64:
		return "a whole number from 0"
	default:
		return "a number"
	}
}

// problem gives an error its place in the file of a model.
func (s *Store) problem(name string, data []byte, err error) *registry.Problem {
	p := &registry.Problem{Model: name, Place: s.path(name), Err: err}
	if at, ok := errors.AsType[*placed](err); ok {
		p.Line, p.Column = position(data, at.offset)
		p.Err = at.err
	}
	return p
}
