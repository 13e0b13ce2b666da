package registry

import (
	"fmt"
	"slices"
)

// standbyMost is how many versions [Standby] keeps. Two, so that two rollbacks
// in a row find their version connected; every further one costs its owner a
// model server that answers nobody.
const standbyMost = 2

// RollbackTarget chooses what a rollback brings back: the content of
// generation to, or, where to is 0, of the newest earlier settled generation
// (one version with the full weight) that routes to another version than the
// current one. It gets the history newest first and returns traffic ready to
// commit on top of it: Restores is set; Actor, Reason and Cause are the
// caller's to fill in.
//
// Rollbacks never toggle. A generation that is itself a rollback stands for
// the one that it restored, and the search goes on below that: what was rolled
// back from is not brought back unless named.
//
// The search also drops a shadow that serves live traffic now: a version that
// one goes back from gets no copies either. A generation that is named is
// restored whole.
//
// Errors: ErrNotFound where there is nothing to go back to, ErrInvalid where
// the generation that is named is the current one or routes just like it.
func RollbackTarget(history []Traffic, to uint64) (Traffic, error) {
	if len(history) == 0 {
		return Traffic{}, fmt.Errorf("registry: roll back: the model has never had traffic: %w", ErrNotFound)
	}
	current := history[0]
	if to != 0 {
		return namedTarget(history, to)
	}
	below := origin(history, current)
	for _, old := range history[1:] {
		if old.Generation >= below {
			continue
		}
		root := origin(history, old)
		if isSettled(old) && !sameArms(old, current) {
			target := restore(old, root)
			target.Shadows = slices.DeleteFunc(target.Shadows, func(s Shadow) bool { return serves(current, s.Version) })
			return target, nil
		}
		below = root
	}
	return Traffic{}, fmt.Errorf("registry: roll back %s: no earlier generation has all traffic on one other version; "+
		"name a generation to go back to, or switch to a version: %w", current.Model, ErrNotFound)
}

func namedTarget(history []Traffic, to uint64) (Traffic, error) {
	current := history[0]
	if to == current.Generation {
		return Traffic{}, fmt.Errorf("registry: roll back %s: generation %d is the current one: %w", current.Model, to, ErrInvalid)
	}
	for _, old := range history[1:] {
		if old.Generation != to {
			continue
		}
		if old.Stable == current.Stable && sameArms(old, current) && sameSet(old.Shadows, current.Shadows) {
			return Traffic{}, fmt.Errorf("registry: roll back %s: generation %d routes just like the current %d, there is nothing to go back to: %w",
				current.Model, to, current.Generation, ErrInvalid)
		}
		return restore(old, to), nil
	}
	return Traffic{}, fmt.Errorf("registry: roll back %s: there is no generation %d, the newest is %d: %w", current.Model, to, current.Generation, ErrNotFound)
}

// Standby says which versions stay connected after next replaces previous:
// first what just stopped serving, the stable one before the others, then what
// was on standby before; at most two, and never one that serves or shadows in
// next anyway. Pass a zero previous where there was none.
func Standby(previous, next Traffic) []string {
	var keep []string
	add := func(version string) {
		connected := next.HasArm(version) || slices.ContainsFunc(next.Shadows, func(s Shadow) bool { return s.Version == version })
		if version != "" && !connected && len(keep) < standbyMost && !slices.Contains(keep, version) {
			keep = append(keep, version)
		}
	}
	add(previous.Stable)
	arms := slices.Clone(previous.Arms)
	slices.SortStableFunc(arms, func(a, b Arm) int { return int(b.Weight) - int(a.Weight) })
	for _, arm := range arms {
		add(arm.Version)
	}
	for _, version := range previous.Standby {
		add(version)
	}
	return keep
}

// origin follows rollbacks of rollbacks to the generation whose content t is.
func origin(history []Traffic, t Traffic) uint64 {
	for t.Restores != 0 && t.Restores < t.Generation {
		i := slices.IndexFunc(history, func(old Traffic) bool { return old.Generation == t.Restores })
		if i < 0 {
			return t.Restores
		}
		t = history[i]
	}
	return t.Generation
}

func restore(old Traffic, root uint64) Traffic {
	old = old.Clone()
	return Traffic{Model: old.Model, Stable: old.Stable, Arms: old.Arms, Shadows: old.Shadows, Restores: root}
}

// isSettled reports whether one version gets everything.
func isSettled(t Traffic) bool { return len(serving(t)) == 1 }

// sameArms compares what gets live traffic; arms with weight 0 get none.
func sameArms(a, b Traffic) bool { return sameSet(serving(a), serving(b)) }

func serves(t Traffic, version string) bool {
	return slices.ContainsFunc(serving(t), func(a Arm) bool { return a.Version == version })
}

func serving(t Traffic) []Arm {
	return slices.DeleteFunc(slices.Clone(t.Arms), func(a Arm) bool { return a.Weight == 0 })
}
