package conformance_test

// badHost is a Host that is invalid: RFC 9112, 3.2 wants 400.
func badHost(id, what, value string) testCase {
	return testCase{
		id: id, what: what, ref: "9112 3.2", level: must,
		send: "GET /m/~~ HTTP/1.1\r\nHost:" + value + "\r\n\r\n", need: refused(400),
	}
}

func goodHost(id, what, value string) testCase {
	return testCase{
		id: id, what: what, ref: "9110 7.2", level: must,
		send: "GET /m/~~ HTTP/1.1\r\nHost: " + value + "\r\n\r\n", need: passedOn(oneHost),
	}
}

var hostCases = []testCase{
	goodHost("host", "a name", "example.org"),
	goodHost("host-port", "a name with a port", "example.org:8080"),
	goodHost("host-v4", "an address", "127.0.0.1:80"),
	goodHost("host-v6", "an IPv6 address", "[::1]:80"),
	goodHost("host-underscore", "an underscore", "a_b"),
	goodHost("host-escaped", "an escaped byte", "a%2db"),
	{
		id: "host-last", what: "Host behind other fields", ref: "9110 7.2", level: must,
		send: "GET /m/~~ HTTP/1.1\r\nA: b\r\nhOST:h\r\n\r\n", need: passedOn(fieldIs("Host", "h")),
	},
	{
		id: "host-none", what: "no Host", ref: "9112 3.2", level: must,
		send: "GET /m/~~ HTTP/1.1\r\nA: b\r\n\r\n", need: refused(400),
	},
	{
		id: "host-none-old", what: "no Host in HTTP/1.0", ref: "9112 3.2", level: must,
		send: "GET /m/~~ HTTP/1.0\r\n\r\n", need: passedOn(oneHost),
	},
	{
		id: "host-twice", what: "two, of one value", ref: "9112 3.2", level: must,
		send: get + "Host: h\r\n\r\n", need: refused(400),
	},
	{
		id: "host-twice-different", what: "two, of two values", ref: "9112 3.2", level: must,
		send: get + "Host: other\r\n\r\n", need: refused(400),
	},
	{
		id: "host-twice-apart", what: "two, in other letters, others between", ref: "9112 3.2", level: must,
		send: get + "A: b\r\nHOST: other\r\n\r\n", need: refused(400),
	},
	{
		id: "host-space-colon", what: "a space before the colon", ref: "9112 5.1", level: must,
		send: "GET /m/~~ HTTP/1.1\r\nHost : h\r\n\r\n", need: refused(400),
	},
	{
		id: "host-space-second", what: "a second one, with a space before the colon", ref: "9112 5.1", level: must,
		send: get + "Host : other\r\n\r\n", need: refused(400),
	},
	{
		id: "host-fold", what: "on a folded line", ref: "9112 5.2", level: must,
		send: "GET /m/~~ HTTP/1.1\r\nHost:\r\n h\r\n\r\n", need: either(refused(400), passedOn(fieldIs("Host", "h"))), best: refused(400),
	},
	{
		id: "host-fold-other", what: "a folded line behind it, with another", ref: "9112 5.2", level: must,
		send: "GET /m/~~ HTTP/1.1\r\nHost: h\r\n other\r\n\r\n", need: refused(400),
	},
	{
		id: "host-empty", what: "no value", ref: "9110 7.2", level: strict,
		send: "GET /m/~~ HTTP/1.1\r\nHost:\r\n\r\n", need: refused(400),
	},
	{
		id: "host-old-bad", what: "an invalid one in HTTP/1.0", ref: "9112 3.2", level: must,
		send: "GET /m/~~ HTTP/1.0\r\nHost: a b\r\n\r\n", need: refused(400),
	},
	{
		id: "host-old-twice", what: "two in HTTP/1.0", ref: "9112 3.2", level: must,
		send: "GET /m/~~ HTTP/1.0\r\nHost: h\r\nHost: other\r\n\r\n", need: refused(400),
	},
	{
		id: "host-nominated", what: "named by Connection", ref: "9110 7.6.1", level: must,
		send: get + "Connection: host\r\n\r\n", need: either(refused(400), passedOn(fieldIs("Host", "h"))),
	},
	badHost("host-space", "a space inside", " a b"),
	badHost("host-comma", "two in a list", " h, other"),
	badHost("host-slash", "a path", " h/x"),
	badHost("host-query", "a query", " h?x"),
	badHost("host-fragment", "a fragment", " h#x"),
	badHost("host-user", "a user", " u@h"),
	badHost("host-scheme", "a scheme", " http://h"),
	badHost("host-port-word", "a port that is none", " h:eighty"),
	badHost("host-port-twice", "two ports", " h:80:81"),
	badHost("host-port-minus", "a port below zero", " h:-1"),
	badHost("host-v6-open", "an open bracket", " [::1"),
	badHost("host-v6-junk", "a word behind the bracket", " [::1]x"),
	badHost("host-backslash", "a backslash", ` a\b`),
	badHost("host-quote", "a quote", ` a"b`),
	badHost("host-angle", "angle brackets", " <h>"),
	badHost("host-control", "a control byte", " a\x01b"),
	badHost("host-nul", "a NUL", " h\x00other"),
	badHost("host-raw", "a raw UTF-8 letter", " ü"),
	badHost("host-cr", "a bare CR", " h\rother"),
	badHost("host-tab", "a tab inside", " h\tother"),
	badHost("host-percent", "an escape that is none", " a%zz"),
}

func oneHost(s *seen) string {
	if len(s.all("Host")) != 1 {
		return "the origin got no Host, or two"
	}
	return ""
}
