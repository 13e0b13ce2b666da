package file

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/weir-gateway/weir/registry"
)

// outline knows where in a document each value stands. encoding/json tells
// where only for some errors, and says nothing about keys that are unknown or
// there twice, which is how a person's edit goes wrong.
type outline struct {
	data   []byte
	values map[string]int // path such as "traffic.arms[1].weight" → offset
	order  []string       // the paths in the order of the document
	fault  error          // the first bad key or leaf, as a *placed
}

// placed is an error at an offset of a document.
type placed struct {
	offset int
	err    error
}

func (p *placed) Error() string { return p.err.Error() }
func (p *placed) Unwrap() error { return p.err }

// keys are the keys each object of a document may have. Objects that are not
// here, such as parameters, evidence and the rollout's own, are free.
func keys(path string) []string {
	switch generic(path) {
	case "":
		return []string{"model", "versions", "traffic", "history", "rollout"}
	case "versions[]":
		return []string{"model", "version", "endpoints", "lineage", "profile", "registered", "by", "checksum"}
	case "versions[].lineage":
		return []string{"git", "data", "artifact", "run", "params"}
	case "traffic", "history[]":
		return []string{"model", "generation", "time", "actor", "reason", "stable", "arms", "shadows", "standby", "restores", "cause", "evidence"}
	case "traffic.arms[]", "history[].arms[]":
		return []string{"version", "weight"}
	case "traffic.shadows[]", "history[].shadows[]":
		return []string{"version", "sample"}
	default:
		return nil
	}
}

// generic takes the numbers out of a path.
func generic(path string) string {
	var b strings.Builder
	inside := false
	for _, c := range path {
		if c == ']' {
			inside = false
		}
		if !inside {
			b.WriteRune(c)
		}
		if c == '[' {
			inside = true
		}
	}
	return b.String()
}

// outlineOf walks a document that is valid JSON.
func outlineOf(data []byte) *outline {
	o := &outline{data: data, values: map[string]int{}}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := o.value(dec, ""); err != nil && o.fault == nil {
		o.fault = &placed{offset: int(dec.InputOffset()), err: err}
	}
	return o
}

// next is where the next token begins.
func (o *outline) next(dec *json.Decoder) int {
	at := int(dec.InputOffset())
	for at < len(o.data) && strings.IndexByte(" \t\r\n,:", o.data[at]) >= 0 {
		at++
	}
	return at
}

func (o *outline) value(dec *json.Decoder, path string) error {
	start := o.next(dec)
	o.values[path] = start
	o.order = append(o.order, path)
	token, err := dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		return o.object(dec, path)
	case json.Delim('['):
		for i := 0; dec.More(); i++ {
			if err := o.value(dec, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		_, err = dec.Token()
		return err
	default:
		o.leaf(path, start, o.data[start:dec.InputOffset()])
		return nil
	}
}

func (o *outline) object(dec *json.Decoder, path string) error {
	allowed := keys(path)
	seen := map[string]bool{}
	for dec.More() {
		at := o.next(dec)
		token, err := dec.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		switch {
		case seen[key]:
			o.blame(at, "key %q is there twice; remove one", key)
		case allowed != nil && !slices.Contains(allowed, key):
			o.blame(at, "unknown key %q; known here are %s", key, strings.Join(allowed, ", "))
		}
		seen[key] = true
		if err := o.value(dec, join(path, key)); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}

// leaf checks the values that encoding/json reports without a place.
func (o *outline) leaf(path string, at int, raw []byte) {
	if keys(path[:max(0, strings.LastIndexByte(path, '.'))]) == nil {
		return
	}
	switch path[strings.LastIndexByte(path, '.')+1:] {
	case "weight":
		if err := new(registry.Weight).UnmarshalJSON(raw); err != nil {
			o.blame(at, "%w", err)
		}
	case "time", "registered":
		if err := new(time.Time).UnmarshalJSON(raw); err != nil {
			o.blame(at, "%s is no time; write it like 2026-11-22T10:00:00Z", raw)
		}
	}
}

func (o *outline) blame(at int, format string, args ...any) {
	if o.fault == nil {
		o.fault = &placed{offset: at, err: fmt.Errorf(format, args...)}
	}
}

// find is the offset of a path, or of the nearest part of it that exists.
func (o *outline) find(path string) int {
	for {
		if at, ok := o.values[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
}

// before is the last value that begins before an offset.
func (o *outline) before(offset int) (path string) {
	for _, p := range o.order {
		if o.values[p] >= offset {
			break
		}
		path = p
	}
	return path
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// position turns an offset into a line and a column in characters, from 1.
func position(data []byte, offset int) (line, column int) {
	before := data[:min(max(offset, 0), len(data))]
	line = 1 + bytes.Count(before, []byte{'\n'})
	return line, 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}
