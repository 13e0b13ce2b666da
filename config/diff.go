package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Change is one difference between two configurations.
type Change struct {
	Path    string `json:"path"`    // such as models.flights.timeout
	Old     string `json:"old"`     // empty: it was not there
	New     string `json:"new"`     // empty: it is gone
	Restart bool   `json:"restart"` // a running gateway takes it only after a restart
}

// String renders path: old → new.
func (c Change) String() string {
	text := c.Path + ": "
	switch {
	case c.Old == "":
		text += "added " + c.New
	case c.New == "":
		text += "removed " + c.Old
	default:
		text += c.Old + " → " + c.New
	}
	if c.Restart {
		text += " (takes a restart)"
	}
	return text
}

// Diff lists what changes from before to after, in the order of the
// documentation and of the models' names. What appears or goes as a whole (a
// model, a step) is one change.
func Diff(before, after *Config) []Change {
	var d differ
	d.compare(reflect.ValueOf(*before), reflect.ValueOf(*after), "", false)
	return d.changes
}

type differ struct{ changes []Change }

func (d *differ) note(path string, a, b reflect.Value, restart bool) {
	d.changes = append(d.changes, Change{path, flow(a), flow(b), restart})
}

func (d *differ) compare(a, b reflect.Value, path string, restart bool) {
	if reflect.DeepEqual(a.Interface(), b.Interface()) {
		return
	}
	switch a.Kind() {
	case reflect.Struct:
		if isOffMonitor(a) || isOffMonitor(b) {
			d.note(path, a, b, restart)
			return
		}
		for i := range a.NumField() {
			if f := a.Type().Field(i); key(f) != "" {
				d.compare(a.Field(i), b.Field(i), join(path, key(f)), restart || f.Tag.Get("restart") != "")
			}
		}
	case reflect.Map:
		for _, k := range keysOfBoth(a, b) {
			d.compareElement(a.MapIndex(k), b.MapIndex(k), join(path, k.String()), restart)
		}
	case reflect.Pointer:
		d.compare(a.Elem(), b.Elem(), path, restart)
	case reflect.Slice:
		if a.Type().Elem().Kind() != reflect.Struct {
			d.note(path, a, b, restart)
			return
		}
		for i := range max(a.Len(), b.Len()) {
			d.compareElement(element(a, i), element(b, i), fmt.Sprintf("%s[%d]", path, i), restart)
		}
	default:
		d.note(path, a, b, restart)
	}
}

// compareElement compares what may be missing on one side.
func (d *differ) compareElement(a, b reflect.Value, path string, restart bool) {
	if a.IsValid() && b.IsValid() {
		d.compare(a, b, path, restart)
		return
	}
	d.note(path, a, b, restart)
}

func element(list reflect.Value, i int) reflect.Value {
	if i < list.Len() {
		return list.Index(i)
	}
	return reflect.Value{}
}

func keysOfBoth(a, b reflect.Value) []reflect.Value {
	all := make(map[string]reflect.Value, a.Len()+b.Len())
	for _, k := range slices.Concat(a.MapKeys(), b.MapKeys()) {
		all[k.String()] = k
	}
	out := make([]reflect.Value, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[name])
	}
	return out
}

func isOffMonitor(v reflect.Value) bool {
	m, ok := reflect.TypeAssert[Monitor](v)
	return ok && m.Off
}

// flow writes a value as YAML would on one line, without what is empty; "" for
// what is not there.
func flow(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	if isOffMonitor(v) {
		return "off"
	}
	if s, ok := reflect.TypeAssert[fmt.Stringer](v); ok {
		return s.String()
	}
	switch v.Kind() {
	case reflect.Pointer:
		return flow(v.Elem())
	case reflect.String:
		return v.String()
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	case reflect.Struct:
		return flowStruct(v)
	case reflect.Map:
		var parts []string
		for _, k := range keysOfBoth(v, v) {
			parts = append(parts, k.String()+": "+flow(v.MapIndex(k)))
		}
		return enclose("{", parts, "}")
	case reflect.Slice:
		var parts []string
		for i := range v.Len() {
			parts = append(parts, flow(v.Index(i)))
		}
		return enclose("[", parts, "]")
	}
	return fmt.Sprint(v.Interface())
}

func flowStruct(v reflect.Value) string {
	var parts []string
	for i := range v.NumField() {
		k := key(v.Type().Field(i))
		if k == "" || v.Field(i).IsZero() {
			continue
		}
		if text := flow(v.Field(i)); text != "" {
			parts = append(parts, k+": "+text)
		}
	}
	return enclose("{", parts, "}")
}

func enclose(open string, parts []string, shut string) string {
	if len(parts) == 0 {
		return ""
	}
	return open + strings.Join(parts, ", ") + shut
}
