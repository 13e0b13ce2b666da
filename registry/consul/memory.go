package consul

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/consul/api"

	"github.com/weir-gateway/weir/registry"
)

// recentMost is how many generations of a model are remembered, for the case
// that Consul loses them.
const recentMost = 32

// held is the last good content of one model. It is never changed once made;
// what changes it makes another.
type held struct {
	model  registry.Model
	recent []registry.Traffic // newest first, the current one first; may have gaps
}

// found is what Consul has of one model.
type found struct {
	versions     map[string]registry.Version
	traffic      *registry.Traffic
	raw          []byte // of the traffic
	trafficIndex uint64 // ModifyIndex of the traffic's key; 0: there is none
	problems     []error
}

// parse sorts keys by model. Keys that are none of ours are left alone.
func (k keys) parse(pairs api.KVPairs) map[string]*found {
	all := map[string]*found{}
	for _, pair := range pairs {
		model, version, ok := k.split(pair.Key)
		if !ok {
			continue
		}
		f := all[model]
		if f == nil {
			f = &found{versions: map[string]registry.Version{}}
			all[model] = f
		}
		var err error
		if version != "" {
			var v registry.Version
			if v, err = decodeVersion(model, version, pair.Value); err == nil {
				f.versions[version] = v
			}
		} else {
			f.trafficIndex, f.raw = pair.ModifyIndex, pair.Value
			var t registry.Traffic
			if t, err = decodeTraffic(model, pair.Value); err == nil {
				f.traffic = &t
			}
		}
		if err != nil {
			f.problems = append(f.problems, &registry.Problem{Model: model, Place: pair.Key, Err: err})
		}
	}
	return all
}

// reconcile makes the last good content of a model from what was known (nil:
// nothing) and what Consul has (nil: nothing). Nothing good ever goes away.
func (k keys) reconcile(name string, known *held, f *found) (*held, []error) {
	if f == nil {
		return known, []error{&registry.Problem{Model: name, Place: k.model(name), Err: errors.New(
			"is gone from Consul; the model keeps its last good content, and its next change of traffic puts it back")}}
	}
	if known == nil {
		known = &held{model: registry.Model{Name: name}}
	}
	problems := f.problems
	versions := known.model.Index()
	for _, old := range known.model.Versions {
		now, ok := f.versions[old.Version]
		switch {
		case !ok && len(f.problems) == 0:
			problems = append(problems, &registry.Problem{Model: name, Place: k.version(name, old.Version), Err: errors.New(
				"is gone from Consul; a registered version stays, and the next change of traffic puts it back")})
		case ok && !now.SameContent(old):
			problems = append(problems, &registry.Problem{Model: name, Place: k.version(name, old.Version), Err: errors.New(
				"was changed after it was registered; a version never changes: put it back and register the change as a new version")})
		}
	}
	for name, v := range f.versions {
		if _, ok := versions[name]; !ok {
			versions[name] = v
		}
	}
	next := &held{model: registry.Model{Name: name, Versions: sorted(versions), Traffic: known.model.Traffic}, recent: known.recent}
	if err := next.follow(f, versions); err != nil {
		problems = append(problems, &registry.Problem{Model: name, Place: k.traffic(name), Err: err})
	}
	return next, problems
}

// follow takes over the traffic if it is newer and valid.
func (h *held) follow(f *found, versions map[string]registry.Version) error {
	known, now := h.model.Traffic, f.traffic
	switch {
	case now == nil && (known == nil || f.trafficIndex != 0):
		return nil // there is none yet, or it can't be read, which is told already
	case now == nil:
		return errors.New("is gone from Consul; the model keeps its last good traffic, and its next change puts it back")
	case known != nil && now.Generation < known.Generation:
		return fmt.Errorf("went back from generation %d to %d; the model keeps the newer one: to go back, use weir rollback", known.Generation, now.Generation)
	case known != nil && now.Generation == known.Generation:
		if !now.SameContent(*known) {
			return fmt.Errorf("was changed by hand within generation %d; the model keeps what it had: use weir switch or weir split, or write the next generation", known.Generation)
		}
		return nil
	}
	if err := now.Validate(versions); err != nil {
		return fmt.Errorf("generation %d: %w; the model keeps its last good traffic", now.Generation, err)
	}
	h.adopt(*now)
	return nil
}

// adopt makes t the current traffic. Evidence is the history's.
func (h *held) adopt(t registry.Traffic) {
	t = t.Clone()
	t.Evidence = nil
	h.model.Traffic = &t
	h.recent = remember(h.recent, t)
}

// remember adds a generation to a list, newest first, that it may be in already.
func remember(recent []registry.Traffic, t registry.Traffic) []registry.Traffic {
	at, known := slices.BinarySearchFunc(recent, t.Generation, func(r registry.Traffic, g uint64) int {
		switch {
		case r.Generation > g:
			return -1
		case r.Generation < g:
			return 1
		}
		return 0
	})
	if known {
		return recent
	}
	recent = slices.Insert(slices.Clone(recent), at, t)
	return recent[:min(len(recent), recentMost)]
}

func sorted(versions map[string]registry.Version) []registry.Version {
	return slices.SortedFunc(maps.Values(versions), func(a, b registry.Version) int {
		if c := a.Registered.Compare(b.Registered); c != 0 {
			return c
		}
		if a.Version < b.Version {
			return -1
		}
		return 1
	})
}
