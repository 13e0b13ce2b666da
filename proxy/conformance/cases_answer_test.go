package conformance_test

import "strings"

const ok = "HTTP/1.1 200 OK\r\nDate: " + someDate + "\r\n"

// fine is an answer that must come through with this status and body.
func fine(id, what, ref, reply string, status int, body string) testCase {
	return testCase{
		id: id, what: what, ref: ref, level: must, send: get + none,
		reply: answering(reply), need: delivered(status, body),
	}
}

// looks is a well-formed answer and what is asked of it besides.
func looks(id, what, ref string, l level, reply string, v verdict) testCase {
	return testCase{
		id: id, what: what, ref: ref, level: l, send: get + none,
		reply: answering(ok + reply + "Content-Length: 5\r\n\r\nhello"), need: both(delivered(200, "hello"), v),
	}
}

var answerCases = []testCase{
	fine("answer", "Content-Length", "9112 6.3", ok+"Content-Length: 5\r\n\r\nhello", 200, "hello"),
	fine("answer-empty", "Content-Length: 0", "9112 6.3", ok+"Content-Length: 0\r\n\r\n", 200, ""),
	fine("answer-chunked", "chunks", "9112 7.1", ok+"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, "hello"),
	fine("answer-ext", "chunks with extensions", "9112 7.1.1", ok+"Transfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0;c\r\n\r\n", 200, "hello"),
	fine("answer-trailer", "chunks with a trailer", "9112 7.1.2", ok+"Trailer: X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: v\r\n\r\n", 200, "hello"),
	fine("answer-until", "until the connection's end", "9112 6.3", ok+"\r\nhello", 200, "hello"),
	fine("answer-until-empty", "nothing until the connection's end", "9112 6.3", ok+"\r\n", 200, ""),
	fine("answer-old", "of HTTP/1.0", "9112 2.3", "HTTP/1.0 200 OK\r\n\r\nhello", 200, "hello"),
	fine("answer-old-length", "of HTTP/1.0, with Content-Length", "9112 2.3", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
	fine("answer-reason", "no reason", "9112 4", "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
	fine("answer-reason-raw", "a reason with bytes above 127", "9112 4", "HTTP/1.1 200 \xe4\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
	fine("answer-unknown", "status 299", "9110 15", "HTTP/1.1 299 Odd\r\nContent-Length: 5\r\n\r\nhello", 299, "hello"),
	fine("answer-599", "status 599", "9110 15", "HTTP/1.1 599 Odd\r\nContent-Length: 5\r\n\r\nhello", 599, "hello"),
	fine("answer-404", "status 404 with a body", "9110 15", "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello", 404, "hello"),
	fine("answer-204", "status 204", "9112 6.3", "HTTP/1.1 204 No Content\r\nX: v\r\n\r\n", 204, ""),
	fine("answer-304", "status 304 with Content-Length", "9112 6.3", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, ""),
	fine("answer-205", "status 205", "9110 15.3.6", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", 205, ""),
	looks("answer-date-kept", "Date is kept where it is there", "9110 6.6.1", strict, "", withField("Date", someDate)),
	looks("answer-cookies", "Set-Cookie twice", "9110 5.3", must, "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\n", withField("Set-Cookie", "a=b", "c=d")),
	looks("answer-obs-text", "bytes above 127 in a value", "9110 5.5", must, "X: \xe4\xff\r\n", withField("X", "\xe4\xff")),
	looks("answer-nominated", "a field that Connection names", "9110 7.6.1", must, "Connection: X-Drop\r\nX-Drop: v\r\n", withoutField("X-Drop")),
	looks("answer-nominated-list", "fields that Connection names", "9110 7.6.1", must, "X-A: v\r\nConnection: close, x-a, X-B\r\nX-B: w\r\n", withoutField("X-A", "X-B")),
	looks("answer-keep-alive", "Keep-Alive", "9110 7.6.1", should, "Keep-Alive: timeout=77\r\n", anAnswer(func(a *answer) string {
		if a.names("Keep-Alive", "timeout=77") {
			return "the origin's Keep-Alive came through"
		}
		return ""
	})),
	looks("answer-proxy-connection", "Proxy-Connection", "9110 7.6.1", should, "Proxy-Connection: x\r\n", withoutField("Proxy-Connection")),
	looks("answer-upgrade", "Upgrade without being asked", "9110 7.6.1", should, "Upgrade: h2c\r\nConnection: upgrade\r\n", withoutField("Upgrade")),
	looks("answer-close", "Connection: close is between origin and proxy", "9112 9.3", should, "Connection: close\r\n", endsAs(kept)),
	{
		id: "answer-version", what: "HTTP/1.0 becomes the proxy's own version", ref: "9110 6.2", level: must,
		send: get + none, reply: answering("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
		need: both(delivered(200, "hello"), anAnswer(func(a *answer) string {
			if a.minor != 1 {
				return "the client got HTTP/1.0"
			}
			return ""
		})),
	},
	{
		id: "answer-date-none", what: "an answer without Date gets one", ref: "9110 6.6.1", level: must,
		send: get + none, reply: answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), need: both(delivered(200, "hello"), hasDate),
	},
	{
		id: "answer-head", what: "to HEAD, with Content-Length", ref: "9110 9.3.2", level: must,
		send: "HEAD /m/~~ HTTP/1.1\r\nHost: h\r\n\r\n", reply: keeping(ok + "Content-Length: 5\r\n\r\n"),
		need: both(delivered(200, ""), withField("Content-Length", "5"), endsAs(kept)),
	},
	{
		id: "answer-head-chunked", what: "to HEAD, with Transfer-Encoding", ref: "9110 9.3.2", level: must,
		send: "HEAD /m/~~ HTTP/1.1\r\nHost: h\r\n\r\n", reply: keeping(ok + "Transfer-Encoding: chunked\r\n\r\n"),
		need: both(delivered(200, ""), endsAs(kept)),
	},
	{
		id: "answer-head-none", what: "to HEAD, without a length", ref: "9110 9.3.2", level: must,
		send: "HEAD /m/~~ HTTP/1.1\r\nHost: h\r\n\r\n", reply: keeping(ok + "\r\n"),
		need: both(delivered(200, ""), withoutField("Content-Length"), endsAs(kept)),
	},
	{
		id: "answer-204-length", what: "Content-Length of a 204 is not passed on", ref: "9110 8.6", level: must,
		send: get + none, reply: keeping("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
		need: both(delivered(204, ""), withoutField("Content-Length"), endsAs(kept)),
	},
	{
		id: "answer-204-chunked", what: "Transfer-Encoding of a 204 is not passed on", ref: "9112 6.1", level: must,
		send: get + none, reply: answering("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"),
		need: either(both(delivered(204, ""), withoutField("Transfer-Encoding")), badGateway),
	},
	{
		id: "interim-103", what: "103 (Early Hints)", ref: "9110 15.2", level: must,
		send: get + none, reply: answering("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok + "Content-Length: 5\r\n\r\nhello"),
		need: both(delivered(200, "hello"), interims("103")),
	},
	{
		id: "interim-two", what: "102 and 103", ref: "9110 15.2", level: must,
		send: get + none, reply: answering("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + ok + "Content-Length: 5\r\n\r\nhello"),
		need: both(delivered(200, "hello"), interims("102", "103")),
	},
	{
		id: "interim-100", what: "100 (Continue) that nobody asked for", ref: "9110 15.2", level: must,
		send: get + none, reply: answering("HTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 5\r\n\r\nhello"),
		need: both(delivered(200, "hello"), interims("100")),
	},
	{
		id: "interim-nominated", what: "a field that Connection names in 103", ref: "9110 7.6.1", level: must,
		send: get + none, reply: answering("HTTP/1.1 103 Early Hints\r\nConnection: X\r\nX: v\r\n\r\n" + ok + "Content-Length: 5\r\n\r\nhello"),
		need: both(delivered(200, "hello"), anAnswer(func(a *answer) string {
			for i := range a.interim {
				if ill := lacks(&a.interim[i], []string{"X"}); ill != "" {
					return ill
				}
			}
			return ""
		})),
	},
	{
		id: "interim-length", what: "Content-Length in 103", ref: "9112 6.3", level: must,
		send: get + none, reply: answering("HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\n\r\n" + ok + "Content-Length: 5\r\n\r\nhello"),
		need: either(both(delivered(200, "hello"), anAnswer(func(a *answer) string {
			for i := range a.interim {
				if ill := lacks(&a.interim[i], []string{"Content-Length"}); ill != "" {
					return ill
				}
			}
			return ""
		})), badGateway),
	},
	{
		id: "interim-flood", what: "2,000 interim answers", ref: "9110 15.2", level: strict,
		send: get + none, reply: answering(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 2000) + ok + "Content-Length: 5\r\n\r\nhello"),
		need: notWhole,
	},
	{
		id: "answer-early", what: "413 before the request's body has come", ref: "9112 9.5", level: strict, alone: true,
		send: post + "Content-Length: 100000\r\n\r\nhello", reply: &reply{bytes: "HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", early: true},
		need: delivered(413, "hello"),
	},
}
