// Package report compares two tables column by column, exactly: every value is held
// in memory, 8 bytes a number. It is what `weir report --reference --current` prints.
//
//	r, err := report.Compare(reference, current, report.Options{Rules: drift.Evidently})
//
// Every column of either table is a row of the report, whatever is in it: a column
// that only one table has, is constant, has no value or has changed its type is
// named in [Quality] and has no scores where none can be given. Each score has what
// is to be expected of it when nothing changed, see package drift.
package report
