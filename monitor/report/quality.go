package report

import (
	"fmt"
	"strings"
)

// Quality lists what is wrong with the tables themselves, by column.
type Quality struct {
	OnlyInReference []string `json:"only_in_reference"`
	OnlyInCurrent   []string `json:"only_in_current"`
	AllMissing      []string `json:"all_missing"`  // in one of the tables
	Constant        []string `json:"constant"`     // one value in a whole table
	TypeChanged     []string `json:"type_changed"` // numbers in one table, texts in the other
	Issues          []Issue  `json:"issues"`       // all of these and more, in words

	Current string `json:"-"` // what the words call the rows to judge
}

// Issue is one of them.
type Issue struct {
	Feature string `json:"feature"`
	Kind    string `json:"kind"` // only_in_reference, only_in_current, all_missing, constant, type_changed, invalid, unseen, out_of_range, missing
	Detail  string `json:"detail"`
}

func newQuality() Quality {
	return Quality{
		OnlyInReference: []string{}, OnlyInCurrent: []string{}, AllMissing: []string{}, Constant: []string{},
		TypeChanged: []string{}, Issues: []Issue{}, Current: "the current table",
	}
}

// check adds what is wrong with a feature and returns why it has no scores.
func (q *Quality) check(f *Feature) string {
	issue := func(kind, format string, args ...any) string {
		detail := fmt.Sprintf(format, args...)
		q.Issues = append(q.Issues, Issue{Feature: f.Name, Kind: kind, Detail: detail})
		return detail
	}
	if f.Current == nil {
		q.OnlyInReference = append(q.OnlyInReference, f.Name)
		return issue("only_in_reference", "%s has no such column", q.Current)
	}
	if f.Reference == nil {
		q.OnlyInCurrent = append(q.OnlyInCurrent, f.Name)
		return issue("only_in_current", "the reference has no such column")
	}
	var notes []string
	for _, s := range []struct {
		where string
		side  *Side
	}{{"the reference", f.Reference}, {q.Current, f.Current}} {
		switch rows := s.side.Count + s.side.Missing + s.side.Invalid; {
		case s.side.Count == 0 && s.side.Invalid == 0:
			q.AllMissing = appendOnce(q.AllMissing, f.Name)
			notes = append(notes, issue("all_missing", "%s has no value in %d rows", s.where, rows))
		case s.side.Count == 0:
			notes = append(notes, issue("invalid", "none of the values of %s is a number", s.where))
		case s.side.Distinct == 1:
			q.Constant = appendOnce(q.Constant, f.Name)
			issue("constant", "%s has one value only in %d rows", s.where, rows)
		}
		if s.side.Invalid > 0 && s.side.Count > 0 {
			issue("invalid", "%d values of %s are no finite numbers", s.side.Invalid, s.where)
		}
	}
	if a, b := f.Reference.kind, f.Current.kind; a != b && a != unknown && b != unknown {
		q.TypeChanged = append(q.TypeChanged, f.Name)
		issue("type_changed", "%s in the reference, %s now", a, b)
	}
	if n := f.Current.Unseen; n != nil && *n > 0 {
		issue("unseen", "%d current values are in no category of the reference", *n)
	}
	if n := f.Current.OutOfRange; n != nil && *n > 0 {
		issue("out_of_range", "%d current values lie outside of the reference's range", *n)
	}
	for _, s := range f.Scores {
		if s.Method == "missing" && s.PValue != nil && *s.PValue < 0.001 {
			issue("missing", "missing went from %.2f %% to %.2f %%", 100*f.Reference.MissingShare, 100*f.Current.MissingShare)
		}
	}
	return strings.Join(notes, "; ")
}

func appendOnce(list []string, name string) []string {
	if len(list) > 0 && list[len(list)-1] == name {
		return list
	}
	return append(list, name)
}
