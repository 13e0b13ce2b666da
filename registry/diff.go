package registry

import (
	"maps"
	"slices"
	"strings"
)

// Change is one thing in which two versions differ.
type Change struct {
	// What is code, data, artifact, run, params, profile or endpoints.
	What string `json:"what"`
	Name string `json:"name,omitempty"` // the parameter, for params
	From string `json:"from,omitempty"` // empty: not there in the first
	To   string `json:"to,omitempty"`   // empty: not there in the second
}

// Diff lists what changed between two versions of a model, in a fixed order:
// code, data, artifact, run, params by name, profile, endpoints. Nothing
// changed: nil.
func Diff(v1, v2 Version) []Change {
	var changes []Change
	add := func(what, name, from, to string) {
		if from != to {
			changes = append(changes, Change{What: what, Name: name, From: from, To: to})
		}
	}
	add("code", "", v1.Git, v2.Git)
	add("data", "", v1.Data, v2.Data)
	add("artifact", "", v1.Artifact, v2.Artifact)
	add("run", "", v1.Run, v2.Run)
	names := maps.Clone(v1.Params)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, v2.Params)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		add("params", name, v1.Params[name], v2.Params[name])
	}
	add("profile", "", v1.Profile, v2.Profile)
	add("endpoints", "", joinSorted(v1.Endpoints), joinSorted(v2.Endpoints))
	return changes
}

func joinSorted(list []string) string {
	return strings.Join(slices.Sorted(slices.Values(list)), " ")
}
