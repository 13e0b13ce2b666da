package conformance_test

import (
	"fmt"
	"slices"
	"strings"
)

// level is how binding what a case asks for is.
type level string

const (
	must   level = "MUST"
	should level = "SHOULD"
	strict level = "strict" // the RFCs leave it open
)

// testCase is one row of the table.
type testCase struct {
	id   string
	what string
	ref  string // "9112 6.3": the RFC and its section
	level

	// send goes to the proxy in one piece; ~~ in it becomes the case's name.
	// more goes behind 100 (Continue) or 101 (Switching Protocols).
	send, more string
	halfClose  bool   // the client closes its sending side behind it
	alone      bool   // no further request can follow
	answers    int    // how many answers send asks for; default 1
	reply      *reply // the origin's answer; nil: 200 with the target

	need verdict // what level asks for
	best verdict // where strictness is free; nil: need is all
}

// verdict says what is wrong with what was observed: nothing if it is empty.
type verdict func(*observed) string

// observed is what came of a case.
type observed struct {
	answers []*answer
	end     ending
	extra   string  // bytes behind the last answer
	next    *answer // to a further request on the same connection, where it was kept
	seen    []*seen
}

// ending is what became of the client's connection.
type ending string

const (
	kept   ending = "kept"   // and a further request was answered
	closed ending = "closed" // an orderly end
	reset  ending = "reset"
	hangs  ending = "hangs"
	wrong  ending = "wrong answer" // a further request got something else
)

// answer is an answer as the client got it.
type answer struct {
	head
	status  int
	minor   int
	interim []head
	body    string
	whole   bool // it came to its end
	until   bool // it ended with the connection
}

// status is that of the first answer, 0 without one.
func (o *observed) status() int {
	if len(o.answers) == 0 {
		return 0
	}
	return o.answers[0].status
}

// refused asks that the request was answered with one of the statuses, that
// nothing of it reached the origin and that the connection was closed. Status 0
// stands for closing it without a word.
func refused(statuses ...int) verdict {
	return func(o *observed) string {
		if s := answered(statuses...)(o); s != "" {
			return s
		}
		if o.end == kept || o.end == wrong {
			return "the connection goes on"
		}
		return ""
	}
}

// answered is refused, but the connection may go on.
func answered(statuses ...int) verdict {
	return func(o *observed) string {
		switch {
		case len(o.seen) > 0:
			return "it reached the origin"
		case o.end == hangs:
			return "it was not answered"
		case len(o.answers) > 1 || o.extra != "":
			return "there is more than one answer"
		case !slices.Contains(statuses, o.status()):
			return fmt.Sprintf("answered with %d", o.status())
		}
		return ""
	}
}

// check looks at the request that the origin got.
type check func(*seen) string

// passedOn asks that exactly the request that was sent reached the origin, in a
// form that nobody can misread, and that the client got the origin's answer.
func passedOn(checks ...check) verdict {
	return func(o *observed) string {
		switch {
		case len(o.seen) == 0:
			return fmt.Sprintf("it did not reach the origin: %s", o.text())
		case o.status() != 200 || !o.answers[0].whole:
			return fmt.Sprintf("the answer did not come through: %s", o.text())
		case len(o.seen) > len(o.answers) || o.end == wrong || o.end == hangs:
			return "the connection is out of step"
		}
		s := o.seen[0]
		if s.fault != "" || s.excess != "" || s.cut {
			return fmt.Sprintf("it was passed on with %s", s.ill())
		}
		for _, c := range checks {
			if ill := c(s); ill != "" {
				return ill
			}
		}
		return ""
	}
}

func (s *seen) ill() string {
	switch {
	case s.fault != "":
		return s.fault
	case s.excess != "":
		return fmt.Sprintf("%d bytes too many", len(s.excess))
	}
	return "its end missing"
}

// closing asks for the end of the connection besides.
func closing(v verdict) verdict {
	return func(o *observed) string {
		if ill := v(o); ill != "" {
			return ill
		}
		if o.end != closed {
			return "the connection goes on"
		}
		return ""
	}
}

// either is content with any of the verdicts.
func either(vs ...verdict) verdict {
	return func(o *observed) string {
		var ills []string
		for _, v := range vs {
			ill := v(o)
			if ill == "" {
				return ""
			}
			ills = append(ills, ill)
		}
		return strings.Join(ills, ", and ")
	}
}

// both asks for all of them.
func both(vs ...verdict) verdict {
	return func(o *observed) string {
		for _, v := range vs {
			if ill := v(o); ill != "" {
				return ill
			}
		}
		return ""
	}
}

// hidden says whether a request ran that nobody sent: cases hide some whose
// target ends in /hidden.
func (o *observed) hidden() bool {
	return slices.ContainsFunc(o.seen, func(s *seen) bool { return strings.HasSuffix(s.target, "/hidden") })
}

// text says in a word or two what happened.
func (o *observed) text() string {
	var words []string
	switch {
	case o.hidden():
		words = append(words, "hidden request ran")
	case o.status() == 0 && len(o.answers) > 0:
		words = append(words, "malformed")
	case o.status() == 0:
		words = append(words, string(o.end))
	default:
		a := o.answers[0]
		word := fmt.Sprint(a.status)
		if !a.whole {
			word += " cut"
		} else if a.fault != "" {
			word += " malformed"
		}
		words = append(words, word)
		if len(o.answers) > 1 {
			words = append(words, fmt.Sprintf("and %d more", len(o.answers)-1))
		}
		if a.status >= 400 && o.end == kept {
			words = append(words, "kept")
		}
		if o.end == wrong || o.end == hangs {
			words = append(words, "then "+string(o.end))
		}
	}
	whole := slices.ContainsFunc(o.seen, func(s *seen) bool { return !s.cut })
	if whole && o.status() >= 400 && o.status() < 500 && o.status() != 404 {
		words = append(words, "but passed on")
	}
	return strings.Join(words, ", ")
}

// mark is how a server did.
type mark string

const (
	good    mark = "✓"
	lenient mark = "~"
	lapse   mark = "!" // of a SHOULD
	breach  mark = "✗" // of a MUST
)

// judge returns how a server did and why.
func (c *testCase) judge(o *observed) (m mark, why string) {
	if o.hidden() {
		return breach, "a hidden request ran"
	}
	if c.need != nil {
		if why = c.need(o); why != "" {
			switch c.level {
			case must:
				return breach, why
			case should:
				return lapse, why
			}
			return lenient, why
		}
	}
	if c.best != nil {
		if why = c.best(o); why != "" {
			return lenient, why
		}
	}
	return good, ""
}
