package file

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weir-gateway/weir/registry"
)

// handActor stands in the history for whoever edits the folder: the file does
// not tell who that was. Git does, where the folder is kept there.
const handActor = "file"

// traffic takes over the current traffic. Every change by Weir goes into
// traffic and history at once, so traffic that routes differently from the
// newest generation was edited by hand, and is the next generation.
func (r *reconciler) traffic() error {
	if r.w.Traffic == nil {
		if len(r.doc.history) > 0 {
			return r.blame("", "traffic is gone; put it back: a model that has had traffic keeps some")
		}
		return nil
	}
	edited := compact(*r.w.Traffic)
	if edited.Model != "" && edited.Model != r.name {
		return r.blame("traffic.model", "%q is not the model of this file, %q", edited.Model, r.name)
	}
	if len(r.doc.history) == 0 && edited.Generation > 0 {
		return r.blame("traffic.generation", "this is generation %d but the history is gone; put the history back (a document written anew by hand has no generation)", edited.Generation)
	}
	if len(r.doc.history) == 0 {
		return r.adopt(edited, nil)
	}
	current := r.doc.history[0].Traffic
	if !edited.SameContent(current) {
		return r.adopt(edited, &current)
	}
	edited.Evidence, current.Evidence = nil, nil
	if line(edited) != line(current) {
		r.note(fmt.Sprintf("the record of generation %d put back", current.Generation))
	}
	traffic := r.doc.history[0].Clone()
	r.doc.model.Traffic = &traffic
	return nil
}

// adopt makes edited traffic the generation after current.
func (r *reconciler) adopt(edited registry.Traffic, current *registry.Traffic) error {
	var expect uint64
	if current != nil {
		expect = current.Generation
		// Who changes the arms seldom thinks of standby. A list left as it was
		// is not a wish, and may contradict the new arms.
		if slices.Equal(edited.Standby, current.Standby) {
			edited.Standby = nil
		}
	}
	next := registry.Traffic{
		Model: r.name, Stable: edited.Stable, Arms: edited.Arms, Shadows: edited.Shadows, Standby: edited.Standby,
		Actor: handActor, Cause: registry.CauseHandEdit, Reason: "edited by hand in " + filepath.Base(r.file),
	}
	if reason := strings.TrimSpace(edited.Reason); reason != "" && (current == nil || edited.Reason != current.Reason) {
		next.Reason = reason
	}
	if len(r.doc.model.Versions) == 0 {
		return r.blame("traffic", "there is traffic but no version; add the version that is to serve")
	}
	model := r.doc.model
	model.Traffic = current
	next, err := registry.Advance(model, next, expect, r.now)
	if err != nil {
		return r.at("traffic", err)
	}
	r.note(fmt.Sprintf("traffic edited by hand is generation %d", next.Generation))
	r.doc.history = slices.Insert(r.doc.history, 0, pastOf(next))
	traffic := next.Clone()
	r.doc.model.Traffic = &traffic
	return nil
}
