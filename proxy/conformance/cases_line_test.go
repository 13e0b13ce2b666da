package conformance_test

import "strings"

// badLine is a request line that is none; behind it go the usual fields.
func badLine(id, what, ref string, l level, line string, statuses ...int) testCase {
	if len(statuses) == 0 {
		statuses = []int{400}
	}
	return testCase{id: id, what: what, ref: ref, level: l, send: line + "\r\nHost: h\r\n\r\n", need: refused(statuses...)}
}

// asTarget is a target that must come through byte for byte: what was routed is
// what the origin gets.
func asTarget(id, what, target string) testCase {
	return testCase{
		id: id, what: what, ref: "9110 7.6", level: must,
		send: "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n", need: passedOn(targetIs(target)),
	}
}

// oddTarget has bytes that no URI has (RFC 3986, 2). To refuse it is what RFC
// 9112, 3.2 recommends; some clients send them, so passing them on is no lapse.
func oddTarget(id, what, target string) testCase {
	return testCase{
		id: id, what: what, ref: "9112 3.2", level: strict,
		send: "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n", need: either(refused(400), passedOn(targetIs(target))),
	}
}

var lineCases = []testCase{
	asTarget("target", "a path", "/m/~~"),
	asTarget("target-query", "a query", "/m/~~?a=b&c=d?e"),
	asTarget("target-query-empty", "an empty query", "/m/~~?"),
	asTarget("target-escaped", "an escaped slash", "/m/~~%2Fx%2e"),
	asTarget("target-escaped-case", "escapes in both cases of letters", "/m/~~%c3%C3"),
	asTarget("target-slashes", "two slashes", "/m//~~//x"),
	asTarget("target-dot", "a dot segment", "/m/./~~/./x"),
	asTarget("target-semicolon", "parameters", "/m/~~;a=b,c:d@e!$'()*+"),
	asTarget("target-long", "a request line of 8,000 bytes", "/m/~~?"+strings.Repeat("a", 7960)),
	{
		id: "target-dots", what: "dot-dot segments that stay below", ref: "9110 7.6", level: must,
		send: "GET /m/x/../~~ HTTP/1.1\r\nHost: h\r\n\r\n", need: either(passedOn(targetIs("/m/x/../~~")), refused(400)),
	},
	{
		id: "target-dots-out", what: "dot-dot segments that lead elsewhere", ref: "9110 17.1", level: strict,
		send: "GET /m/../~~ HTTP/1.1\r\nHost: h\r\n\r\n", need: either(passedOn(targetIs("/m/../~~")), answered(400, 403, 404)),
	},
	oddTarget("target-percent", "a per cent sign alone", "/m/~~%zz"),
	oddTarget("target-brackets", "brackets and braces", "/m/~~[{|}]"),
	oddTarget("target-quotes", "quotes and angle brackets", "/m/~~\"<>^`"),
	oddTarget("target-backslash", "a backslash", "/m/~~\\..\\x"),
	{
		id: "target-raw", what: "a raw UTF-8 letter", ref: "9112 3.2", level: strict,
		send: "GET /m/~~ü HTTP/1.1\r\nHost: h\r\n\r\n", need: refused(400),
	},
	{
		id: "target-fragment", what: "a fragment", ref: "9112 3.2", level: strict,
		send: "GET /m/~~#a HTTP/1.1\r\nHost: h\r\n\r\n", need: refused(400),
	},
	badLine("target-space", "a space in the target", "9112 3.2", should, "GET /m/~~ x HTTP/1.1"),
	badLine("target-hiding", "a version and a line end in the target, escaped by nobody", "9112 3", should, "GET /m/~~ HTTP/1.1 HTTP/1.1"),
	badLine("target-control", "a control byte in the target", "9112 3.2", should, "GET /m/~~\x01 HTTP/1.1"),
	badLine("target-nul", "a NUL in the target", "9112 3.2", should, "GET /m/~~\x00 HTTP/1.1"),
	badLine("target-del", "a DEL in the target", "9112 3.2", should, "GET /m/~~\x7f HTTP/1.1"),
	badLine("target-tab", "a tab in the target", "9112 3.2", should, "GET /m/~~\tx HTTP/1.1"),
	badLine("target-cr", "a bare CR in the target", "9112 2.2", must, "GET /m/~~\rx HTTP/1.1"),
	badLine("target-relative", "a path without its slash", "9112 3.2", should, "GET m/~~ HTTP/1.1"),
	badLine("target-none", "no target", "9112 3", should, "GET  HTTP/1.1"),
	badLine("target-authority", "host and port alone", "9112 3.2.3", should, "GET h:80 HTTP/1.1", 400, 404),
	badLine("target-star-get", "GET *", "9112 3.2.4", should, "GET * HTTP/1.1", 400, 404),
	badLine("target-scheme", "another scheme", "9112 3.2.2", should, "GET ftp://h/m/~~ HTTP/1.1"),
	badLine("target-no-authority", "http:///path", "9110 4.2.1", must, "GET http:///m/~~ HTTP/1.1"),
	badLine("target-userinfo", "a user in the target", "9110 4.2.4", strict, "GET http://u:p@h/m/~~ HTTP/1.1"),
	{
		id: "target-huge", what: "a target of 100,000 bytes", ref: "9112 3", level: must,
		send: "GET /m/~~?" + strings.Repeat("a", 100_000) + " HTTP/1.1\r\nHost: h\r\n\r\n", need: either(refused(414), passedOn()), best: refused(414),
	},
	{
		id: "target-endless", what: "a target of 1 MB that doesn't end", ref: "9112 3", level: must,
		send: "GET /m/~~?" + strings.Repeat("a", 1_000_000), need: refused(414, 400, 431, 0), best: refused(414),
	},
	{
		id: "absolute", what: "absolute form", ref: "9112 3.2.2", level: must,
		send: "GET http://h/m/~~ HTTP/1.1\r\nHost: h\r\n\r\n", need: passedOn(fieldIs("Host", "h")),
	},
	{
		id: "absolute-case", what: "absolute form, HTTP://", ref: "9110 4.2.3", level: must,
		send: "GET HTTP://h/m/~~ HTTP/1.1\r\nHost: h\r\n\r\n", need: passedOn(fieldIs("Host", "h")),
	},
	{
		id: "absolute-port", what: "absolute form, with a port", ref: "9112 3.2.2", level: must,
		send: "GET http://h:81/m/~~ HTTP/1.1\r\nHost: h:81\r\n\r\n", need: passedOn(oneHost),
	},
	{
		id: "absolute-other-host", what: "absolute form, another host than Host's", ref: "9112 3.2.2", level: must,
		send: "GET http://other/m/~~ HTTP/1.1\r\nHost: h\r\n\r\n",
		need: either(refused(400), passedOn(fieldIs("Host", "other"))), best: refused(400),
	},
	{
		id: "absolute-no-host", what: "absolute form, without Host", ref: "9112 3.2", level: must,
		send: "GET http://h/m/~~ HTTP/1.1\r\n\r\n", need: refused(400),
	},
	{
		id: "absolute-old", what: "absolute form in HTTP/1.0, without Host", ref: "9112 3.2.2", level: must,
		send: "GET http://h/m/~~ HTTP/1.0\r\n\r\n", need: passedOn(fieldIs("Host", "h")),
	},
	{
		id: "options-star", what: "OPTIONS *", ref: "9110 9.3.7", level: must,
		send: "OPTIONS * HTTP/1.1\r\nHost: h\r\nX: ~~\r\n\r\n", need: answered(200, 204, 400, 403, 404, 405),
	},
	badLine("connect", "CONNECT", "9110 9.3.6", strict, "CONNECT h:80 HTTP/1.1", 400, 404, 405, 501),
	badLine("version-2.0", "HTTP/2.0", "9110 15.6.6", strict, "GET /m/~~ HTTP/2.0", 505, 400),
	badLine("version-3.0", "HTTP/3.0", "9110 15.6.6", strict, "GET /m/~~ HTTP/3.0", 505, 400),
	badLine("version-0.9", "HTTP/0.9", "9110 15.6.6", strict, "GET /m/~~ HTTP/0.9", 505, 400),
	{
		id: "version-1.2", what: "HTTP/1.2, which some recipients would echo", ref: "9110 2.5", level: must,
		send: "GET /m/~~ HTTP/1.2\r\nHost: h\r\n\r\n", need: either(refused(505, 400), passedOn(ownVersion)), best: refused(505, 400),
	},
	{
		id: "version-1.9", what: "HTTP/1.9", ref: "9110 2.5", level: must,
		send: "GET /m/~~ HTTP/1.9\r\nHost: h\r\n\r\n", need: either(refused(505, 400), passedOn(ownVersion)), best: refused(505, 400),
	},
	badLine("version-none", "no version", "9112 3", should, "GET /m/~~"),
	badLine("version-1.10", "HTTP/1.10", "9112 2.3", should, "GET /m/~~ HTTP/1.10", 400, 505),
	badLine("version-11.1", "HTTP/11.1", "9112 2.3", should, "GET /m/~~ HTTP/11.1", 400, 505),
	badLine("version-01.1", "HTTP/01.1", "9112 2.3", should, "GET /m/~~ HTTP/01.1", 400, 505),
	badLine("version-1", "HTTP/1", "9112 2.3", should, "GET /m/~~ HTTP/1", 400, 505),
	badLine("version-1.", "HTTP/1.", "9112 2.3", should, "GET /m/~~ HTTP/1.", 400, 505),
	badLine("version-comma", "HTTP/1,1", "9112 2.3", should, "GET /m/~~ HTTP/1,1", 400, 505),
	badLine("version-case", "http/1.1", "9112 2.3", should, "GET /m/~~ http/1.1", 400, 505),
	badLine("version-https", "HTTPS/1.1", "9112 2.3", should, "GET /m/~~ HTTPS/1.1", 400, 505),
	badLine("version-space", "HTTP/ 1.1", "9112 2.3", should, "GET /m/~~ HTTP/ 1.1", 400, 505),
	badLine("version-nul", "a NUL behind the version", "9112 2.3", should, "GET /m/~~ HTTP/1.1\x00", 400, 505),
	badLine("version-minus", "HTTP/-1.1", "9112 2.3", should, "GET /m/~~ HTTP/-1.1", 400, 505),
	badLine("line-two-spaces", "two spaces before the target", "9112 3", strict, "GET  /m/~~ HTTP/1.1"),
	badLine("line-two-spaces-version", "two spaces before the version", "9112 3", strict, "GET /m/~~  HTTP/1.1"),
	badLine("line-tabs", "tabs for spaces", "9112 3", strict, "GET\t/m/~~\tHTTP/1.1"),
	badLine("line-vt", "a vertical tab for a space", "9112 3", strict, "GET\v/m/~~\vHTTP/1.1"),
	badLine("line-space-before", "a space before the method", "9112 3", strict, " GET /m/~~ HTTP/1.1"),
	badLine("line-space-behind", "a space behind the version", "9112 3", strict, "GET /m/~~ HTTP/1.1 "),
	{
		id: "line-cr-behind", what: "CR CR LF behind the version", ref: "9112 2.2", level: must,
		send: "GET /m/~~ HTTP/1.1\r\r\nHost: h\r\n\r\n", need: either(refused(400), passedOn()), best: refused(400),
	},
	badLine("line-junk-behind", "a word behind the version", "9112 3", should, "GET /m/~~ HTTP/1.1 x"),
	badLine("line-nul-before", "a NUL before the method", "9112 3", should, "\x00GET /m/~~ HTTP/1.1"),
	badLine("method-empty", "no method", "9112 3", should, " /m/~~ HTTP/1.1"),
	badLine("method-bracket", "a bracket in the method", "9110 9.1", should, "GE(T /m/~~ HTTP/1.1"),
	badLine("method-colon", "a colon behind the method", "9110 9.1", should, "GET: /m/~~ HTTP/1.1"),
	badLine("method-control", "a control byte in the method", "9110 9.1", should, "GE\x01T /m/~~ HTTP/1.1"),
	badLine("method-raw", "a byte above 127 in the method", "9110 9.1", should, "GE\xffT /m/~~ HTTP/1.1"),
	{
		id: "line-field", what: "a field line before the request line", ref: "9112 3", level: should,
		send: "Host: h\r\nGET /m/~~ HTTP/1.1\r\nHost: h\r\n\r\n", need: refused(400),
	},
	{
		id: "method-other", what: "a method that nobody knows", ref: "9110 9.1", level: should,
		send: "FROB /m/~~ HTTP/1.1\r\nHost: h\r\n\r\n", need: either(passedOn(methodIs("FROB")), answered(405, 501)),
	},
	{
		id: "method-case", what: "get, which is not GET", ref: "9110 9.1", level: must,
		send: "get /m/~~ HTTP/1.1\r\nHost: h\r\n\r\n", need: either(passedOn(methodIs("get")), answered(400, 405, 501)),
	},
	{
		id: "line-crlf-before", what: "an empty line before the request line", ref: "9112 2.2", level: should,
		send: "\r\n" + get + none, need: passedOn(),
	},
	{
		id: "line-lf-before", what: "a bare LF before the request line", ref: "9112 2.2", level: strict,
		send: "\n" + get + none, need: refused(400),
	},
	{
		id: "line-lf", what: "a bare LF behind the request line", ref: "9112 2.2", level: strict,
		send: "GET /m/~~ HTTP/1.1\nHost: h\r\n\r\n", need: refused(400),
	},
}

func ownVersion(s *seen) string {
	if s.version != "HTTP/1.1" {
		return "the origin got " + s.version
	}
	return ""
}
