package registry

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Arm is a version that receives live traffic, with its share.
type Arm struct {
	Version string `json:"version"`
	Weight  Weight `json:"weight"`
}

// Shadow is a version that receives copies of the traffic; its answers never
// reach a client.
type Shadow struct {
	Version string  `json:"version"`
	Sample  float64 `json:"sample"` // share of requests copied, above 0, at most 1
}

// What brought a generation about.
const (
	CauseManual    = "manual"    // a person or a script asked for it
	CauseRollout   = "rollout"   // a step of an automated walk
	CauseGuardrail = "guardrail" // a guardrail failed and the walk went back
	CauseHandEdit  = "hand-edit" // the document was edited where it is stored
)

// Traffic is the desired routing of one model, one generation of it.
type Traffic struct {
	Model      string    `json:"model"`
	Generation uint64    `json:"generation"` // from 1; set by the store
	Time       time.Time `json:"time"`       // set by the store
	Actor      string    `json:"actor,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	Stable     string    `json:"stable"` // the version that serves by default; one of the arms
	Arms       []Arm     `json:"arms"`   // weights sum to exactly Full
	Shadows    []Shadow  `json:"shadows,omitempty"`
	// Standby are the versions kept connected so that going back needs nothing
	// but a pointer swap. A store computes them where nil; see [Standby].
	Standby []string `json:"standby,omitempty"`
	// Restores is the generation whose content a rollback brought back.
	Restores uint64 `json:"restores,omitempty"`
	Cause    string `json:"cause,omitempty"` // one of the Cause constants
	// Evidence holds the verdicts with the numbers behind an automatic change.
	Evidence json.RawMessage `json:"evidence,omitempty"`
}

// Validate checks the traffic against the registered versions of its model.
// Generation and Time are the store's and not looked at. The error is a
// [FieldError].
func (t Traffic) Validate(versions map[string]Version) error {
	if err := ValidateName("model", t.Model); err != nil {
		return err
	}
	if err := t.validateArms(versions); err != nil {
		return err
	}
	if err := t.validateShadows(versions); err != nil {
		return err
	}
	if err := t.validateStandby(versions); err != nil {
		return err
	}
	return t.validateRecord()
}

func (t Traffic) validateArms(versions map[string]Version) error {
	if len(t.Arms) == 0 {
		return fieldErrorf("arms", "traffic needs at least one arm")
	}
	var sum int64
	for i, arm := range t.Arms {
		field := fmt.Sprintf("arms[%d]", i)
		if err := knownVersion(field+".version", arm.Version, versions); err != nil {
			return err
		}
		if arm.Weight < 0 || arm.Weight > Full {
			return fieldErrorf(field+".weight", "%s per cent is outside 0 to 100", arm.Weight)
		}
		if slices.ContainsFunc(t.Arms[:i], func(a Arm) bool { return a.Version == arm.Version }) {
			return fieldErrorf(field+".version", "version %s is an arm twice; give it one weight", arm.Version)
		}
		sum += int64(arm.Weight)
	}
	if sum != int64(Full) {
		return fieldErrorf("arms", "weights sum to %s per cent and must sum to exactly 100", percent(sum))
	}
	if t.Stable == "" {
		return fieldErrorf("stable", "is missing; name the arm that serves by default")
	}
	if !t.HasArm(t.Stable) {
		return fieldErrorf("stable", "version %s is not an arm; stable must be one of the arms", clip(t.Stable))
	}
	return nil
}

func (t Traffic) validateShadows(versions map[string]Version) error {
	for i, shadow := range t.Shadows {
		field := fmt.Sprintf("shadows[%d]", i)
		if err := knownVersion(field+".version", shadow.Version, versions); err != nil {
			return err
		}
		// Written so that NaN fails.
		if !(shadow.Sample > 0 && shadow.Sample <= 1) {
			return fieldErrorf(field+".sample", "%v is outside the range above 0 up to 1", shadow.Sample)
		}
		if t.HasArm(shadow.Version) {
			return fieldErrorf(field+".version", "version %s is an arm already; an arm cannot shadow itself", shadow.Version)
		}
		if slices.ContainsFunc(t.Shadows[:i], func(s Shadow) bool { return s.Version == shadow.Version }) {
			return fieldErrorf(field+".version", "version %s is a shadow twice; remove one", shadow.Version)
		}
	}
	return nil
}

func (t Traffic) validateStandby(versions map[string]Version) error {
	for i, version := range t.Standby {
		field := "standby[" + strconv.Itoa(i) + "]"
		if err := knownVersion(field, version, versions); err != nil {
			return err
		}
		if t.HasArm(version) {
			return fieldErrorf(field, "version %s is an arm, so it is connected already; remove it here", version)
		}
		if slices.Contains(t.Standby[:i], version) {
			return fieldErrorf(field, "version %s is on standby twice; remove one", version)
		}
	}
	return nil
}

// validateRecord checks what says who, why and on what grounds.
func (t Traffic) validateRecord() error {
	if err := validateText("actor", t.Actor, maxText); err != nil {
		return err
	}
	if err := validateText("reason", t.Reason, maxReason); err != nil {
		return err
	}
	switch t.Cause {
	case "", CauseManual, CauseRollout, CauseGuardrail, CauseHandEdit:
	default:
		return fieldErrorf("cause", "%q is none of manual, rollout, guardrail and hand-edit", clip(t.Cause))
	}
	if len(t.Evidence) > maxEvidence {
		return fieldErrorf("evidence", "%d bytes are more than %d", len(t.Evidence), maxEvidence)
	}
	if len(t.Evidence) > 0 && !json.Valid(t.Evidence) {
		return fieldErrorf("evidence", "is not JSON")
	}
	return nil
}

// HasArm reports whether the version is an arm, whatever its weight.
func (t Traffic) HasArm(version string) bool {
	return slices.ContainsFunc(t.Arms, func(a Arm) bool { return a.Version == version })
}

// SameContent reports whether both route alike: stable, arms, shadows and
// standby, in any order. Arms with weight 0 count: they are connected.
func (t Traffic) SameContent(u Traffic) bool {
	return t.Stable == u.Stable && sameSet(t.Arms, u.Arms) && sameSet(t.Shadows, u.Shadows) && sameSet(t.Standby, u.Standby)
}

// Clone is a copy that shares nothing that can be changed.
func (t Traffic) Clone() Traffic {
	t.Arms = slices.Clone(t.Arms)
	t.Shadows = slices.Clone(t.Shadows)
	t.Standby = slices.Clone(t.Standby)
	t.Evidence = slices.Clone(t.Evidence)
	return t
}

func knownVersion(field, version string, versions map[string]Version) error {
	if err := ValidateName(field, version); err != nil {
		return err
	}
	if _, ok := versions[version]; !ok {
		return fieldErrorf(field, "version %s is not registered; register it first", version)
	}
	return nil
}

// percent writes a sum of weights, which may not fit a Weight.
func percent(sum int64) string {
	return strconv.FormatFloat(float64(sum)/10_000, 'f', -1, 64)
}

// sameSet compares two small lists in any order.
func sameSet[T comparable](a, b []T) bool {
	inside := func(x, y []T) bool {
		return !slices.ContainsFunc(x, func(e T) bool { return !slices.Contains(y, e) })
	}
	return len(a) == len(b) && inside(a, b) && inside(b, a)
}

func validateText(field, text string, most int) error {
	if len(text) > most {
		return fieldErrorf(field, "%d bytes are more than %d", len(text), most)
	}
	if !utf8.ValidString(text) {
		return fieldErrorf(field, "is not UTF-8 text")
	}
	return nil
}
