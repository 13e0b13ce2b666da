package conformance_test

import "strings"

// badLength is a Content-Length that is invalid: RFC 9112, 6.3, item 5 wants 400
// and the end of the connection.
func badLength(id, what, value string) testCase {
	return testCase{
		id: id, what: what, ref: "9112 6.3", level: must,
		send: post + "Content-Length:" + value + "\r\n\r\nhello", need: refused(400),
	}
}

var lengthCases = []testCase{
	{
		id: "cl", what: "Content-Length: 5", ref: "9112 6.2", level: must,
		send: five + "\r\nhello", need: passedOn(bodyIs("hello"), fieldIs("Content-Length", "5")),
	},
	{
		id: "cl-zero", what: "Content-Length: 0", ref: "9112 6.2", level: must,
		send: post + "Content-Length: 0\r\n\r\n", need: passedOn(bodyIs("")),
	},
	{
		id: "cl-none", what: "POST without a body", ref: "9112 6.3", level: must,
		send: post + none, need: passedOn(bodyIs("")),
	},
	{
		id: "cl-get", what: "GET with a body", ref: "9110 9.3.1", level: must,
		send: get + "Content-Length: 5\r\n\r\nhello", need: passedOn(bodyIs("hello")),
	},
	{
		id: "cl-get-hiding", what: "GET with a body that looks like a request", ref: "9112 6.3", level: must,
		send: get + "Content-Length: ##\r\n\r\n" + hiding, need: passedOn(),
	},
	{
		id: "cl-ows", what: "spaces and tabs around the value", ref: "9110 5.5", level: must,
		send: post + "Content-Length:\t 5 \t\r\n\r\nhello", need: passedOn(bodyIs("hello")),
	},
	{
		id: "cl-no-space", what: "no space before the value", ref: "9110 5.5", level: must,
		send: post + "Content-Length:5\r\n\r\nhello", need: passedOn(bodyIs("hello")),
	},
	{
		id: "cl-case", what: "cOnTeNt-LeNgTh", ref: "9110 5.1", level: must,
		send: post + "cOnTeNt-LeNgTh: 5\r\n\r\nhello", need: passedOn(bodyIs("hello")),
	},
	{
		id: "cl-twice-same", what: "twice, with one value", ref: "9112 6.3", level: must,
		send: five + "Content-Length: 5\r\n\r\nhello",
		need: either(refused(400), passedOn(bodyIs("hello"))), best: refused(400),
	},
	{
		id: "cl-twice-different", what: "twice, with two values", ref: "9112 6.3", level: must,
		send: five + "Content-Length: 6\r\n\r\nhello!", need: refused(400),
	},
	{
		id: "cl-twice-zero-first", what: "twice, 0 and then the length of a hidden request", ref: "9112 6.3", level: must,
		send: post + "Content-Length: 0\r\nContent-Length: ##\r\n\r\n" + hiding, need: refused(400),
	},
	{
		id: "cl-twice-cases", what: "twice, in other letters, with two values", ref: "9112 6.3", level: must,
		send: five + "CONTENT-LENGTH: 6\r\n\r\nhello!", need: refused(400),
	},
	{
		id: "cl-twice-apart", what: "twice, other fields between them, with two values", ref: "9112 6.3", level: must,
		send: five + "A: b\r\nC: d\r\nContent-Length: 1\r\n\r\nhello", need: refused(400),
	},
	{
		id: "cl-twice-leading-zero", what: "twice: 5 and 05", ref: "9112 6.3", level: must,
		send: five + "Content-Length: 05\r\n\r\nhello",
		need: either(refused(400), passedOn(bodyIs("hello"))), best: refused(400),
	},
	{
		id: "cl-twice-empty", what: "twice: 5 and nothing", ref: "9112 6.3", level: must,
		send: five + "Content-Length:\r\n\r\nhello", need: refused(400),
	},
	{
		id: "cl-list-same", what: "5, 5", ref: "9110 8.6", level: must,
		send: post + "Content-Length: 5, 5\r\n\r\nhello",
		need: either(refused(400), passedOn(bodyIs("hello"))), best: refused(400),
	},
	badLength("cl-list-different", "5, 6", " 5, 6"),
	badLength("cl-plus", "+5", " +5"),
	badLength("cl-minus", "-5", " -5"),
	badLength("cl-minus-zero", "-0", " -0"),
	badLength("cl-hex", "0x5", " 0x5"),
	badLength("cl-octal", "0o5", " 0o5"),
	badLength("cl-space-inside", "5 5", " 5 5"),
	badLength("cl-comma-behind", "5,", " 5,"),
	badLength("cl-comma-before", ",5", " ,5"),
	badLength("cl-semicolon", "5;", " 5;"),
	badLength("cl-fraction", "5.0", " 5.0"),
	badLength("cl-exponent", "5e0", " 5e0"),
	badLength("cl-underscore-inside", "0_5", " 0_5"),
	badLength("cl-word", "five", " five"),
	badLength("cl-empty", "no value", ""),
	badLength("cl-quoted", `"5"`, ` "5"`),
	badLength("cl-unicode", "the digit five of another script", " ٥"),
	badLength("cl-nbsp", "5 behind a no-break space", " \u00a05"),
	badLength("cl-vt", "5 behind a vertical tab", " \v5"),
	badLength("cl-ff", "5 before a form feed", " 5\f"),
	badLength("cl-nul", "5 before a NUL", " 5\x00"),
	{
		id: "cl-bare-cr", what: "5 before a bare CR", ref: "9112 2.2", level: must,
		send: post + "Content-Length: 5\r\r\n\r\nhello", need: either(refused(400), passedOn(bodyIs("hello"))), best: refused(400),
	},
	{
		id: "cl-2-63", what: "2^63", ref: "9110 8.6", level: strict,
		send: post + "Content-Length: 9223372036854775808\r\n\r\nhello", need: refused(400, 413),
	},
	badLength("cl-2-64", "2^64", " 18446744073709551616"),
	badLength("cl-2-64-and-5", "2^64 + 5, which wraps to 5", " 18446744073709551621"),
	badLength("cl-2-32-many", "a length of 60 digits", " "+strings.Repeat("9", 60)),
	{
		id: "cl-leading-zeros", what: "00000005", ref: "9110 8.6", level: must,
		send: post + "Content-Length: 00000005\r\n\r\nhello", need: either(passedOn(bodyIs("hello")), refused(400)),
	},
	{
		id: "cl-underscore", what: "Content_Length, which is another field", ref: "9110 5.1", level: must,
		send: post + "Content_Length: ##\r\n\r\nGET /m/~~/second HTTP/1.1\r\nHost: h\r\n\r\n", answers: 2,
		need: either(passedOn(bodyIs("")), refused(400)),
	},
	{
		id: "cl-fold", what: "the value on a folded line", ref: "9112 5.2", level: must,
		send: post + "Content-Length:\r\n 5\r\n\r\nhello",
		need: either(refused(400), passedOn(bodyIs("hello"))), best: refused(400),
	},
	{
		id: "cl-fold-behind", what: "a digit more on a folded line", ref: "9112 5.2", level: must,
		send: five + " 0\r\n\r\nhello", need: refused(400),
	},
	{
		id: "cl-space-colon", what: "a space before the colon", ref: "9112 5.1", level: must,
		send: post + "Content-Length : 5\r\n\r\nhello", need: refused(400),
	},
	{
		id: "cl-tab-colon", what: "a tab before the colon", ref: "9112 5.1", level: must,
		send: post + "Content-Length\t: 5\r\n\r\nhello", need: refused(400),
	},
	{
		id: "cl-nul-name", what: "a NUL behind the name", ref: "9110 5.1", level: must,
		send: post + "Content-Length\x00: 5\r\n\r\nhello", need: refused(400),
	},
	{
		id: "cl-control-name", what: "a control byte before the name", ref: "9110 5.1", level: must,
		send: post + "\x01Content-Length: 5\r\n\r\nhello", need: refused(400),
	},
	{
		id: "cl-first-line-space", what: "the first field, behind a space", ref: "9112 2.2", level: must,
		send: "POST /m/~~ HTTP/1.1\r\n Content-Length: 5\r\nHost: h\r\n\r\nhello",
		need: either(refused(400), passedOn(bodyIs(""))), best: refused(400),
	},
	{
		id: "cl-then-pipelined", what: "another request right behind the body", ref: "9112 9.3.2", level: must,
		send: five + "\r\nhelloGET /m/~~/second HTTP/1.1\r\nHost: h\r\n\r\n", answers: 2,
		need: both(passedOn(bodyIs("hello")), secondIs("/second")),
	},
	{
		id: "cl-then-crlf", what: "an empty line between the body and the next request", ref: "9112 2.2", level: should,
		send: five + "\r\nhello\r\nGET /m/~~/second HTTP/1.1\r\nHost: h\r\n\r\n", answers: 2,
		need: both(passedOn(bodyIs("hello")), secondIs("/second")),
	},
}

// secondIs asks that a second, pipelined request got its own answer.
func secondIs(suffix string) verdict {
	return func(o *observed) string {
		if len(o.answers) < 2 || !strings.HasSuffix(o.answers[1].body, suffix) || !o.answers[1].whole {
			return "the second request was not answered"
		}
		return ""
	}
}
