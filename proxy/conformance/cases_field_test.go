package conformance_test

import "strings"

// badName is a field name that is no token.
func badName(id, what, line string) testCase {
	return testCase{
		id: id, what: what, ref: "9110 5.1", level: strict,
		send: get + line + "\r\n\r\n", need: refused(400),
	}
}

// control is a byte that has no place in a value, though RFC 9110, 5.5 lets a
// recipient keep it.
func controlValue(id, what, value string) testCase {
	return testCase{
		id: id, what: what, ref: "9110 5.5", level: strict,
		send: get + "X: " + value + "\r\n\r\n", need: refused(400),
	}
}

// unsafeValue is one that RFC 9110, 5.5 wants refused or replaced.
func unsafeValue(id, what, value string) testCase {
	return testCase{
		id: id, what: what, ref: "9110 5.5", level: must,
		send: get + "X: " + value + "\r\n\r\n", need: either(refused(400), passedOn()), best: refused(400),
	}
}

// folded is a line that begins with white space.
func folded(id, what, lines string) testCase {
	return testCase{
		id: id, what: what, ref: "9112 5.2", level: must,
		send: get + lines + "\r\n", need: either(refused(400), passedOn()), best: refused(400),
	}
}

func spaced(id, what, line string) testCase {
	return testCase{
		id: id, what: what, ref: "9112 5.1", level: must,
		send: get + line + "\r\n\r\n", need: refused(400),
	}
}

func through(id, what, ref, line, name string, values ...string) testCase {
	return testCase{
		id: id, what: what, ref: ref, level: must,
		send: get + line + "\r\n\r\n", need: passedOn(fieldIs(name, values...)),
	}
}

var fieldCases = []testCase{
	through("field", "a field nobody knows", "9110 5.1", "X-Frob: nicate", "X-Frob", "nicate"),
	through("field-token", "every byte that a name may have", "9110 5.6.2", "!#$%&'*+-.^`|~09azAZ: v", "!#$%&'*+-.^`|~09azAZ", "v"),
	through("field-ows", "white space around a value", "9110 5.5", "X:\t v w \t", "X", "v w"),
	through("field-none", "no value", "9110 5.5", "X:", "X", ""),
	through("field-colons", "colons in a value", "9110 5.5", "X: :a:b:", "X", ":a:b:"),
	through("field-obs-text", "bytes above 127 in a value", "9110 5.5", "X: \xe4\xff\x80", "X", "\xe4\xff\x80"),
	through("field-tab", "a tab in a value", "9110 5.5", "X: a\tb", "X", "a\tb"),
	through("field-twice", "a field twice, in order", "9110 5.3", "X: 1\r\nY: 2\r\nX: 3", "X", "1", "3"),
	through("field-long", "a value of 6,000 bytes", "9110 5.4", "X: "+strings.Repeat("v", 6000), "X", strings.Repeat("v", 6000)),
	through("field-many", "80 fields", "9110 5.4", strings.Repeat("Y: v\r\n", 79)+"X: v", "X", "v"),
	spaced("field-space-colon", "a space before the colon", "X : v"),
	spaced("field-tab-colon", "a tab before the colon", "X\t: v"),
	spaced("field-spaces-colon", "spaces before the colon", "X   : v"),
	folded("field-fold", "a folded line", "X: a\r\n b\r\n"),
	folded("field-fold-tab", "a line folded with a tab", "X: a\r\n\tb\r\n"),
	folded("field-fold-empty", "a folded line of a space alone", "X: a\r\n \r\n"),
	folded("field-fold-hiding", "a folded line that looks like Content-Length", "X: a\r\n Content-Length: 5\r\n"),
	{
		id: "field-first-space", what: "white space before the first field", ref: "9112 2.2", level: must,
		send: "GET /m/~~ HTTP/1.1\r\n X: v\r\nHost: h\r\n\r\n", need: either(refused(400), passedOn(without("X"))), best: refused(400),
	},
	{
		id: "field-first-space-host", what: "white space before the first field, which is Host", ref: "9112 2.2", level: must,
		send: "GET /m/~~ HTTP/1.1\r\n Host: h\r\nX: v\r\n\r\n", need: refused(400),
	},
	badName("name-empty", "no name", ": v"),
	badName("name-space", "a space in the name", "X Y: v"),
	badName("name-none", "no colon", "X"),
	badName("name-none-equals", "an equals sign for the colon", "X=v"),
	badName("name-bracket", "a bracket", "X(: v"),
	badName("name-slash", "a slash", "X/Y: v"),
	badName("name-at", "an at sign", "X@Y: v"),
	badName("name-quote", "a quote", `X": v`),
	badName("name-semicolon", "a semicolon", "X;: v"),
	badName("name-backslash", "a backslash", `X\: v`),
	badName("name-brace", "a brace", "X{: v"),
	badName("name-nul", "a NUL", "X\x00: v"),
	badName("name-control", "a control byte", "X\x01: v"),
	badName("name-del", "a DEL", "X\x7f: v"),
	badName("name-raw", "a raw UTF-8 letter", "Xü: v"),
	badName("name-vt", "a vertical tab", "X\v: v"),
	unsafeValue("value-nul", "a NUL in a value", "a\x00b"),
	unsafeValue("value-cr", "a bare CR in a value", "a\rb"),
	unsafeValue("value-cr-field", "a bare CR, and what looks like a field", "a\rContent-Length: 5"),
	unsafeValue("value-cr-end", "a bare CR at a value's end", "a\r"),
	controlValue("value-control", "a control byte in a value", "a\x01b"),
	controlValue("value-bell", "a bell", "\x07"),
	controlValue("value-escape", "an escape", "\x1b[0m"),
	controlValue("value-vt", "a vertical tab", "a\vb"),
	controlValue("value-ff", "a form feed", "a\fb"),
	controlValue("value-del", "a DEL", "a\x7fb"),
	{
		id: "lf-field", what: "a bare LF behind a field", ref: "9112 2.2", level: strict,
		send: get + "X: v\nY: w\r\n\r\n", need: refused(400),
	},
	{
		id: "lf-field-length", what: "a bare LF before Content-Length", ref: "9112 2.2", level: strict,
		send: post + "X: v\nContent-Length: 5\r\n\r\nhello", need: refused(400),
	},
	{
		id: "lf-all", what: "bare LF everywhere", ref: "9112 2.2", level: strict,
		send: strings.ReplaceAll(get+none, "\r", ""), need: refused(400),
	},
	{
		id: "lf-end", what: "CR LF LF at the head's end", ref: "9112 2.2", level: strict,
		send: get + "\n", need: refused(400),
	},
	{
		id: "lf-end-hiding", what: "CR LF LF at the head's end, and a hidden request in the body", ref: "9112 2.2", level: strict,
		send: post + "Content-Length: ##\r\n\n" + hiding, need: refused(400),
	},
	{
		id: "lf-cr-end", what: "LF CR LF at the head's end", ref: "9112 2.2", level: strict,
		send: get + "X: v\n\r\n", need: refused(400),
	},
	{
		id: "cr-end", what: "CR LF CR and a byte at the head's end", ref: "9112 2.2", level: must,
		send: get + "\rX: v\r\n\r\n", need: refused(400),
	},
	{
		id: "cr-lines", what: "bare CR for line ends", ref: "9112 2.2", level: must,
		send: "GET /m/~~ HTTP/1.1\rHost: h\r\r\n\r\n", need: refused(400),
	},
	{
		id: "head-large", what: "a head of 1 MB", ref: "9110 5.4", level: must,
		send: get + strings.Repeat("X: "+strings.Repeat("v", 996)+"\r\n", 1000) + none, need: refused(431, 400, 413, 0), best: refused(431),
	},
	{
		id: "head-value-large", what: "a value of 1 MB", ref: "9110 5.4", level: must,
		send: get + "X: " + strings.Repeat("v", 1_000_000) + "\r\n\r\n", need: refused(431, 400, 413, 0), best: refused(431),
	},
	{
		id: "head-many", what: "20,000 fields", ref: "9110 5.4", level: must,
		send: get + strings.Repeat("X: v\r\n", 20_000) + none, need: refused(431, 400, 413, 0), best: refused(431),
	},
	{
		id: "head-cut", what: "the client's end within the head", ref: "9112 8", level: must,
		send: get + "X: v\r\n", halfClose: true, need: refused(400, 408, 0),
	},
	{
		id: "head-cut-last", what: "the client's end before the last LF", ref: "9112 8", level: must,
		send: get + "\r", halfClose: true, need: refused(400, 408, 0),
	},
	{
		id: "binary", what: "a TLS hello", ref: "9112 3", level: should,
		send: "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + strings.Repeat("\x8f", 154) + "\r\n\r\n", need: refused(400, 0),
	},
	{
		id: "http2", what: "the preface of HTTP/2", ref: "9112 3", level: strict,
		send: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", need: refused(400, 505, 0),
	},
}
