package config

import (
	"reflect"
	"slices"
	"strings"
)

// key returns a field's key in YAML and JSON, "" for a field that has none.
func key(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}

func fieldsOf(t reflect.Type) map[string]int {
	out := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		if k := key(t.Field(i)); k != "" {
			out[k] = i
		}
	}
	return out
}

// keysOf returns a struct's keys in the order of its fields.
func keysOf(t reflect.Type) []string {
	var out []string
	for f := range t.Fields() {
		if k := key(f); k != "" {
			out = append(out, k)
		}
	}
	return out
}

// schema calls visit for every key under t, with its path in the form of the
// documentation: models.NAME.rollout.steps[].weight.
func schema(t reflect.Type, path string, visit func(path string, f reflect.StructField)) {
	for f := range t.Fields() {
		k := key(f)
		if k == "" {
			continue
		}
		inner := join(path, k)
		visit(inner, f)
		switch e := f.Type; {
		case e.Kind() == reflect.Struct:
			schema(e, inner, visit)
		case e.Kind() == reflect.Map && e.Elem().Kind() == reflect.Pointer:
			schema(e.Elem().Elem(), inner+".NAME", visit)
		case e.Kind() == reflect.Slice && e.Elem().Kind() == reflect.Struct:
			schema(e.Elem(), inner+"[]", visit)
		}
	}
}

// suggestKey says what to do about a key that t does not have: take the one
// that was probably meant, move it to where it belongs, or choose a real one.
func suggestKey(unknown string, t reflect.Type) string {
	own := keysOf(t)
	if near := nearest(unknown, own); near != "" {
		return "did you mean " + near + "?"
	}
	var places []string
	schema(reflect.TypeFor[Config](), "", func(path string, _ reflect.StructField) {
		if strings.HasSuffix("."+path, "."+unknown) {
			places = append(places, path)
		}
	})
	if len(places) > 0 {
		return "it belongs at " + either(places)
	}
	return "the keys here are " + list(own)
}

// suggestValue says which value was probably meant, or which there are.
func suggestValue(unknown string, known []string) string {
	if near := nearest(unknown, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "it can be " + either(known)
}

// nearest returns the known word that unknown is probably a slip of, or "".
func nearest(unknown string, known []string) string {
	best, at := "", max(2, len(unknown)/4)+1
	for _, k := range known {
		if n := distance(unknown, k); n < at && n < len(k) {
			best, at = k, n
		}
	}
	return best
}

// distance is the Levenshtein distance of two words: insertions, deletions and
// replacements of bytes that turn one into the other.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 { // no key is that long
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// list joins words as a sentence does: a, b and c.
func list(words []string) string { return enumerate(words, " and ") }

// either is list for alternatives: a, b or c.
func either(words []string) string { return enumerate(words, " or ") }

func enumerate(words []string, last string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(slices.Concat(words[:n-2], []string{words[n-2] + last + words[n-1]}), ", ")
}
