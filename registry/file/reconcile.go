package file

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weir-gateway/weir/registry"
)

// reconciler turns what stands in a file into a document, given what was known
// of the model before.
type reconciler struct {
	name  string
	file  string // for the history: what was edited
	w     *written
	o     *outline
	known *document // nil: nothing
	now   time.Time

	doc   *document
	notes []string // what the file has to be brought up to date with; empty: nothing
}

// reconcile checks all that must hold and takes over what a person edited. The
// result has notes where the file has to be written anew. Errors are *placed.
func (r *reconciler) reconcile() (*document, error) {
	r.doc = &document{model: registry.Model{Name: r.name}}
	if r.w.Model != "" && r.w.Model != r.name {
		return nil, r.blame("model", "%q does not fit the file's name; a model stands in the file of its name", r.w.Model)
	}
	if r.w.Model == "" {
		r.note("model named")
	}
	for _, step := range []func() error{r.versions, r.history, r.traffic, r.rollout} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return r.doc, nil
}

func (r *reconciler) versions() error {
	index := map[string]registry.Version{}
	for i, w := range r.w.Versions {
		v, err := r.version(fmt.Sprintf("versions[%d]", i), w)
		if err != nil {
			return err
		}
		if _, twice := index[v.Version]; twice {
			return r.blame(fmt.Sprintf("versions[%d].version", i), "version %s is there twice; remove one", v.Version)
		}
		index[v.Version] = v
		r.doc.model.Versions = append(r.doc.model.Versions, v)
	}
	if r.known != nil {
		for _, old := range r.known.model.Versions {
			if _, ok := index[old.Version]; !ok {
				return r.blame("versions", "version %s is gone; a registered version stays, put it back", old.Version)
			}
		}
	}
	slices.SortStableFunc(r.doc.model.Versions, func(a, b registry.Version) int { return a.Registered.Compare(b.Registered) })
	return nil
}

// version checks one version and completes it where a person added it.
func (r *reconciler) version(path string, w writtenVersion) (registry.Version, error) {
	v := w.Version
	byHand := w.Checksum == ""
	if byHand {
		v.Model = cmp.Or(v.Model, r.name)
	}
	if v.Model != r.name {
		return v, r.blame(path+".model", "%q is not the model of this file, %q", v.Model, r.name)
	}
	if r.known != nil {
		if old, ok := r.known.model.Lookup(v.Version); ok {
			if byHand {
				// Somebody may have taken the checksum away, and no more.
				v.Registered = orTime(v.Registered, old.Registered)
				v.By = cmp.Or(v.By, old.By)
				r.note("checksum of version " + v.Version + " put back")
			}
			if checksum(v) != checksum(old) {
				return v, r.changed(path, v, old)
			}
			byHand = false
		}
	}
	if w.Checksum != "" && w.Checksum != checksum(v) {
		return v, r.blame(path, "version %s was changed after it was registered (its checksum does not fit); a version never changes: undo that and register the change as a new version", v.Version)
	}
	if byHand {
		v.Registered = orTime(v.Registered, r.now).UTC()
		v.By = cmp.Or(v.By, handActor)
		r.note("version " + v.Version + " registered by hand")
	}
	if err := v.Validate(); err != nil {
		return v, r.at(path, err)
	}
	return v, nil
}

// changed says what somebody changed about a registered version.
func (r *reconciler) changed(path string, v, old registry.Version) error {
	const mend = "a version never changes: put it back and register the change as a new version"
	changes := registry.Diff(old, v)
	if len(changes) == 0 {
		return r.blame(path, "version %s was changed after it was registered; %s", v.Version, mend)
	}
	c := changes[0]
	field := map[string]string{
		"code": "lineage.git", "data": "lineage.data", "artifact": "lineage.artifact", "run": "lineage.run",
		"params": "lineage.params." + c.Name, "profile": "profile", "endpoints": "endpoints",
	}[c.What]
	return r.blame(path+"."+field, "%s of version %s was changed after it was registered, from %q to %q; %s", field, v.Version, c.From, c.To, mend)
}

// history checks that history only grew.
func (r *reconciler) history() error {
	for i, t := range r.w.History {
		path := fmt.Sprintf("history[%d]", i)
		if t.Model != r.name {
			return r.blame(path+".model", "%q is not the model of this file, %q", t.Model, r.name)
		}
		if t.Generation == 0 || i > 0 && t.Generation != r.w.History[i-1].Generation-1 {
			return r.blame(path+".generation", "history was changed: generations go down by one from the newest, without gaps; put it back")
		}
		r.doc.history = append(r.doc.history, pastOf(compact(t)))
	}
	if r.known == nil || len(r.known.history) == 0 {
		return nil
	}
	known := r.known.history
	if len(r.doc.history) == 0 || r.doc.history[0].Generation < known[0].Generation {
		return r.blame("history", "generations up to %d were here and are gone; history only grows: put it back; "+
			"to go back to an older state, roll back by command, or edit only the traffic", known[0].Generation)
	}
	for i, t := range r.doc.history {
		// Both lists are newest first and without gaps.
		j := int(known[0].Generation) - int(t.Generation)
		if j >= 0 && j < len(known) && known[j].line != t.line {
			return r.blame(fmt.Sprintf("history[%d]", i), "generation %d was changed; history only grows: put it back, and edit the traffic instead", t.Generation)
		}
	}
	return nil
}

func (r *reconciler) rollout() error {
	r.doc.rollout = compactJSON(r.w.Rollout)
	return nil
}

func (r *reconciler) note(text string) { r.notes = append(r.notes, text) }

func (r *reconciler) blame(path, format string, args ...any) error {
	return &placed{offset: r.o.find(path), err: fmt.Errorf(format, args...)}
}

// at gives an error about a field below path its place.
func (r *reconciler) at(path string, err error) error {
	if field, ok := errors.AsType[*registry.FieldError](err); ok {
		whole := join(path, field.Field)
		return &placed{offset: r.o.find(whole), err: &registry.FieldError{Field: whole, Reason: field.Reason}}
	}
	return &placed{offset: r.o.find(path), err: err}
}

func orTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}

// compact takes out white space that is an editor's and no change, and what
// JSON can say in two ways.
func compact(t registry.Traffic) registry.Traffic {
	t.Evidence = compactJSON(t.Evidence)
	t.Time = t.Time.UTC()
	return t
}

// compactJSON returns nil for nothing and for null.
func compactJSON(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return raw // cannot be: it was read from valid JSON or checked before
	}
	return b.Bytes()
}
