// Package lint holds the rules of this repository that no general linter
// knows: which package may import which, who may read the clock, that no
// package keeps state of its own, and that every file has a subject one can
// take in. It has tests only; a broken rule fails them with the place and the
// reason.
//
// The rules are tables at the top of the test files. To change the
// architecture, change the table in the same commit, and say why beside it.
package lint
