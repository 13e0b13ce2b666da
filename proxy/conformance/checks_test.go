package conformance_test

import (
	"fmt"
	"slices"
	"strings"
)

// The beginnings and ends that most cases share.
const (
	post = "POST /m/~~ HTTP/1.1\r\nHost: h\r\n"
	get  = "GET /m/~~ HTTP/1.1\r\nHost: h\r\n"
	none = "\r\n" // the end of a head
	// hiding is a request that nobody sends: it stands in bodies and behind
	// what some take for a body's end.
	hiding = "GET /m/~~/hidden HTTP/1.1\r\nHost: h\r\n\r\n"
	coded  = post + "Transfer-Encoding: chunked\r\n\r\n"
	five   = post + "Content-Length: 5\r\n"
)

func bodyIs(want string) check {
	return func(s *seen) string {
		if s.body != want {
			return fmt.Sprintf("the origin got the body %.100q", s.body)
		}
		return ""
	}
}

// targetIs asks for the bytes of a target, in which ~~ is the case's name.
func targetIs(want string) check {
	return func(s *seen) string {
		name := caseName.FindString(s.raw)
		if s.target != strings.ReplaceAll(want, "~~", name) {
			return fmt.Sprintf("the origin got the target %.100q", s.target)
		}
		return ""
	}
}

func methodIs(want string) check {
	return func(s *seen) string {
		if s.method != want {
			return fmt.Sprintf("the origin got the method %q", s.method)
		}
		return ""
	}
}

func fieldIs(name string, want ...string) check {
	return func(s *seen) string { return valuesAre(&s.head, name, want) }
}

func valuesAre(h *head, name string, want []string) string {
	if got := h.all(name); !slices.Equal(got, want) {
		return fmt.Sprintf("%s came through as %.100q", name, got)
	}
	return ""
}

// without asks that none of the fields is there.
func without(names ...string) check {
	return func(s *seen) string { return lacks(&s.head, names) }
}

func lacks(h *head, names []string) string {
	for _, name := range names {
		if h.has(name) {
			return name + " came through"
		}
	}
	return ""
}

// hasField asks that a field's value contains something.
func hasField(name, part string) check {
	return func(s *seen) string {
		if !strings.Contains(strings.ToLower(strings.Join(s.all(name), ",")), part) {
			return fmt.Sprintf("%s came through as %q", name, s.all(name))
		}
		return ""
	}
}

// answers asks something of the first answer, whatever its status.
func anAnswer(f func(a *answer) string) verdict {
	return func(o *observed) string {
		if len(o.answers) == 0 {
			return fmt.Sprintf("no answer: %s", o.end)
		}
		return f(o.answers[0])
	}
}

// delivered asks that the client got the origin's answer whole: this status and
// body, and that the connection is still in step.
func delivered(status int, body string) verdict {
	return func(o *observed) string {
		if o.status() != status || !o.answers[0].whole || o.answers[0].fault != "" {
			return "the answer did not come through: " + o.text() + " " + faultOf(o)
		}
		if got := o.answers[0].body; got != body {
			return fmt.Sprintf("the client got the body %.100q", got)
		}
		if o.end == wrong || o.end == hangs || o.extra != "" {
			return "the connection is out of step: " + string(o.end)
		}
		return ""
	}
}

func faultOf(o *observed) string {
	if len(o.answers) == 0 {
		return ""
	}
	return o.answers[0].fault
}

// badGateway asks that nothing of the origin's answer came through. (503 is as
// good as 502 where the RFCs are concerned; that Weir's is 502 is in its column.)
func badGateway(o *observed) string {
	switch {
	case o.status() != 502 && o.status() != 503:
		return "answered with " + o.text()
	case o.end == wrong || o.end == hangs || o.extra != "":
		return "the connection is out of step: " + string(o.end)
	}
	return ""
}

// notWhole asks that the client can't take what it got for a whole answer.
func notWhole(o *observed) string {
	for _, a := range o.answers {
		if a.status < 400 && a.status != 0 && (a.whole || a.fault != "") {
			return "it came through: " + o.text()
		}
	}
	if o.end == wrong || o.end == hangs {
		return "the connection is out of step: " + string(o.end)
	}
	return ""
}

// withField and withoutField look at the first answer's fields.
func withField(name string, want ...string) verdict {
	return anAnswer(func(a *answer) string { return valuesAre(&a.head, name, want) })
}

func withoutField(names ...string) verdict {
	return anAnswer(func(a *answer) string { return lacks(&a.head, names) })
}

// interims asks for the statuses of the interim answers.
func interims(want ...string) verdict {
	return anAnswer(func(a *answer) string {
		var got []string
		for _, h := range a.interim {
			_, code, _ := startLine(h.start)
			got = append(got, code)
		}
		if !slices.Equal(got, want) {
			return fmt.Sprintf("interim answers %q", got)
		}
		return ""
	})
}

// answering is an origin's reply after which it closes the connection.
func answering(bytes string) *reply { return &reply{bytes: bytes} }

// keeping is one after which it takes further requests.
func keeping(bytes string) *reply { return &reply{bytes: bytes, then: keeps} }
