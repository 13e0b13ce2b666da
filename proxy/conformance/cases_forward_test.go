package conformance_test

import "strings"

// handshake asks for WebSocket (RFC 6455, 4.1).
const handshake = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

// dropped is a field that must not reach the origin.
func dropped(id, what, ref string, l level, lines string, names ...string) testCase {
	return testCase{
		id: id, what: what, ref: ref, level: l,
		send: get + lines + "\r\n", need: passedOn(without(names...)),
	}
}

var forwardCases = []testCase{
	dropped("nominated", "a field that Connection names", "9110 7.6.1", must, "Connection: X-Drop\r\nX-Drop: v\r\n", "X-Drop"),
	dropped("nominated-before", "a field that Connection names behind it", "9110 7.6.1", must, "X-Drop: v\r\nConnection: X-Drop\r\n", "X-Drop"),
	dropped("nominated-case", "named in other letters", "9110 7.6.1", must, "X-Drop: v\r\nConnection: x-dROP\r\n", "X-Drop"),
	dropped("nominated-list", "two in a list", "9110 7.6.1", must, "X-A: v\r\nX-B: w\r\nConnection: keep-alive ,\tX-A,, X-B\r\n", "X-A", "X-B"),
	dropped("nominated-lines", "two in two Connection fields", "9110 7.6.1", must, "Connection: X-A\r\nX-A: v\r\nX-B: w\r\nConnection: X-B\r\n", "X-A", "X-B"),
	dropped("nominated-twice", "a field that is there twice", "9110 7.6.1", must, "X-Drop: v\r\nConnection: X-Drop\r\nx-drop: w\r\n", "X-Drop"),
	dropped("keep-alive", "Keep-Alive", "9110 7.6.1", should, "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n", "Keep-Alive"),
	dropped("keep-alive-alone", "Keep-Alive that Connection does not name", "9110 7.6.1", should, "Keep-Alive: timeout=5\r\n", "Keep-Alive"),
	dropped("proxy-connection", "Proxy-Connection", "9110 7.6.1", should, "Proxy-Connection: keep-alive\r\n", "Proxy-Connection"),
	dropped("te-field", "TE", "9110 10.1.4", should, "TE: trailers\r\nConnection: TE\r\n", "TE"),
	dropped("te-field-alone", "TE that Connection does not name", "9110 7.6.1", should, "TE: trailers\r\n", "TE"),
	dropped("upgrade-alone", "Upgrade that Connection does not name", "9110 7.8", should, "Upgrade: frob\r\n", "Upgrade"),
	dropped("upgrade-h2c", "Upgrade to h2c", "9110 7.8", strict, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n", "Upgrade", "HTTP2-Settings"),
	{
		id: "upgrade-old", what: "Upgrade in HTTP/1.0", ref: "9110 7.8", level: must,
		send: "GET /m/~~ HTTP/1.0\r\nHost: h\r\n" + handshake + "\r\n", need: passedOn(without("Upgrade")),
	},
	{
		id: "upgrade", what: "an upgrade to WebSocket, and bytes both ways", ref: "9110 7.8", level: must,
		send:  get + handshake + "\r\n",
		more:  "ping",
		reply: keeping("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
		need: both(tunnelled("ping"), func(o *observed) string {
			if len(o.seen) != 1 || !o.seen[0].names("Connection", "upgrade") || o.seen[0].all("Upgrade")[0] != "websocket" {
				return "the origin was not asked for an upgrade"
			}
			return ""
		}),
	},
	{
		id: "upgrade-refused", what: "an upgrade that the origin does not make", ref: "9110 7.8", level: must,
		send: get + handshake + "\r\n", need: passedOn(),
	},
	{
		id: "nominated-needed", what: "Authorization named by Connection", ref: "9110 7.6.1", level: must,
		send: get + "Authorization: Basic YTpi\r\nConnection: authorization\r\n\r\n", need: either(refused(400), passedOn(without("Authorization"))),
	},
	{
		id: "nominated-type", what: "Content-Type named by Connection", ref: "9110 7.6.1", level: must,
		send: five + "Content-Type: text/plain\r\nConnection: content-type\r\n\r\nhello", need: either(refused(400), passedOn(without("Content-Type"))),
	},
	{
		id: "connection-gone", what: "Connection itself", ref: "9110 7.6.1", level: must,
		send: get + "Connection: X-Frob\r\n\r\n", need: passedOn(func(s *seen) string {
			if s.names("Connection", "x-frob") {
				return "Connection came through"
			}
			return ""
		}),
	},
	{
		id: "via", what: "Via is added", ref: "9110 7.6.3", level: must,
		send: get + none, need: passedOn(hasField("Via", "1.1 ")),
	},
	{
		id: "via-kept", what: "Via is added behind others", ref: "9110 7.6.3", level: must,
		send: get + "Via: 1.0 fred\r\n\r\n", need: passedOn(hasField("Via", "1.0 fred,1.1 ")),
	},
	{
		id: "via-old", what: "Via says which version was received", ref: "9110 7.6.3", level: must,
		send: "GET /m/~~ HTTP/1.0\r\nHost: h\r\n\r\n", need: passedOn(hasField("Via", "1.0 ")),
	},
	{
		id: "order", what: "unknown fields keep their order, case and bytes", ref: "9110 7.6", level: must,
		send: get + "x-b: 1\r\nX-A: \"2, 3\"\r\nX-b: 4\r\n\r\n", need: passedOn(fieldIs("x-b", "1", "4"), fieldIs("x-a", `"2, 3"`)),
	},
	{
		id: "method-body", what: "DELETE with a body", ref: "9110 9.3.5", level: must,
		send: "DELETE /m/~~ HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", need: passedOn(methodIs("DELETE"), bodyIs("hello")),
	},
	{
		id: "max-forwards-zero", what: "OPTIONS with Max-Forwards: 0", ref: "9110 7.6.2", level: must,
		send: "OPTIONS /m/~~ HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n", need: answered(200, 204, 405),
	},
	{
		id: "max-forwards", what: "OPTIONS with Max-Forwards: 5", ref: "9110 7.6.2", level: must,
		send: "OPTIONS /m/~~ HTTP/1.1\r\nHost: h\r\nMax-Forwards: 5\r\n\r\n", need: either(passedOn(fieldIs("Max-Forwards", "4")), answered(200, 204, 405)),
	},
	{
		id: "trace", what: "TRACE, which would show what proxies add", ref: "9110 9.3.8", level: strict,
		send: "TRACE /m/~~ HTTP/1.1\r\nHost: h\r\n\r\n", need: answered(405, 501),
	},
	{
		id: "trace-zero", what: "TRACE with Max-Forwards: 0", ref: "9110 7.6.2", level: must,
		send: "TRACE /m/~~ HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n", need: answered(200, 405, 501),
	},
	{
		id: "allow", what: "405 says what is allowed", ref: "9110 15.5.6", level: must,
		send: "TRACE /m/~~ HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n", need: func(o *observed) string {
			if o.status() == 405 && !o.answers[0].has("Allow") {
				return "405 without Allow"
			}
			return ""
		},
	},
	{
		id: "own-date", what: "the proxy's own 404 has a Date", ref: "9110 6.6.1", level: must,
		send: "GET /none/~~ HTTP/1.1\r\nHost: h\r\n\r\n", need: both(answered(404), hasDate),
	},
	{
		id: "own-head", what: "the proxy's own answer to HEAD has no body", ref: "9110 9.3.2", level: must,
		send: "HEAD /none/~~ HTTP/1.1\r\nHost: h\r\n\r\n", need: answered(404),
	},
	{
		id: "expect", what: "Expect: 100-continue", ref: "9110 10.1.1", level: must,
		send: five + "Expect: 100-continue\r\n\r\n", more: "hello", need: both(passedOn(bodyIs("hello")), continued),
	},
	{
		id: "expect-case", what: "Expect: 100-CONTINUE", ref: "9110 10.1.1", level: must,
		send: five + "Expect: 100-CONTINUE\r\n\r\n", more: "hello", need: both(passedOn(bodyIs("hello")), continued),
	},
	{
		id: "expect-chunked", what: "Expect: 100-continue with a chunked body", ref: "9110 10.1.1", level: must,
		send: post + "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", more: "5\r\nhello\r\n0\r\n\r\n", need: both(passedOn(bodyIs("hello")), continued),
	},
	{
		id: "expect-impatient", what: "Expect: 100-continue, and the body at once", ref: "9110 10.1.1", level: must,
		send: five + "Expect: 100-continue\r\n\r\nhello", need: passedOn(bodyIs("hello")),
	},
	{
		id: "expect-no-body", what: "Expect: 100-continue without a body", ref: "9110 10.1.1", level: must,
		send: get + "Expect: 100-continue\r\n\r\n", need: either(passedOn(bodyIs("")), answered(417)),
	},
	{
		id: "expect-old", what: "Expect in HTTP/1.0 is ignored", ref: "9110 10.1.1", level: must,
		send: "POST /m/~~ HTTP/1.0\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello", need: both(passedOn(bodyIs("hello")), interims()),
	},
	{
		id: "expect-unknown", what: "an expectation that nobody knows", ref: "9110 10.1.1", level: strict,
		send: five + "Expect: frob\r\n\r\nhello", need: answered(417),
	},
	{
		id: "expect-refused", what: "Expect: 100-continue where nothing is served", ref: "9110 10.1.1", level: strict,
		send: "POST /none/~~ HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", need: both(answered(404), interims()),
	},
}

// tunnelled asks for 101 and the echo behind it.
func tunnelled(echo string) verdict {
	return anAnswer(func(a *answer) string {
		if a.status != 101 || a.body != echo || !a.names("Connection", "upgrade") {
			return "there was no upgrade: " + a.start
		}
		return ""
	})
}

func hasDate(o *observed) string {
	return anAnswer(func(a *answer) string {
		if len(a.all("Date")) != 1 {
			return "there is no Date"
		}
		return ""
	})(o)
}

func continued(o *observed) string {
	for _, h := range o.answers[0].interim {
		if strings.Contains(h.start, " 100 ") {
			return ""
		}
	}
	return "there was no 100 (Continue)"
}
