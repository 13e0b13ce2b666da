package conformance_test

import "strings"

// garbage is an answer that must become 502.
func garbage(id, what, ref string, l level, reply string) testCase {
	return testCase{id: id, what: what, ref: ref, level: l, send: get + none, reply: answering(reply), need: badGateway}
}

// doubtful is an answer that may be mended instead, but better isn't.
func doubtful(id, what, ref, reply string, mended verdict) testCase {
	return testCase{
		id: id, what: what, ref: ref, level: must, send: get + none,
		reply: answering(reply), need: either(badGateway, mended), best: badGateway,
	}
}

// brokenBody is an answer whose body goes wrong: it must be 502, or the client
// must see that the answer broke off.
func brokenBody(id, what, ref, body string) testCase {
	return testCase{
		id: id, what: what, ref: ref, level: must, send: get + none,
		reply: answering(ok + "Transfer-Encoding: chunked\r\n\r\n" + body), need: either(badGateway, notWhole),
	}
}

// oddBody is a chunked answer that some mend.
func oddBody(id, what, ref, body string) testCase {
	c := brokenBody(id, what, ref, body)
	c.best, c.need = c.need, either(c.need, delivered(200, "hello"))
	return c
}

// behind is an answer with bytes behind its end, on a connection that the origin
// keeps open: they must not become the answer to another request.
func behind(id, what, send, reply string, status int, body string) testCase {
	return testCase{
		id: id, what: what, ref: "9112 6.3", level: must, send: send,
		reply: keeping(reply + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"),
		need:  either(delivered(status, body), badGateway),
	}
}

const length5 = "Content-Length: 5\r\n\r\nhello"

var badAnswerCases = []testCase{
	garbage("bad-nothing", "the connection's end", "9110 15.6.3", must, ""),
	garbage("bad-cut", "the connection's end within the head", "9112 8", must, "HTTP/1.1 200 OK\r\nContent-Le"),
	garbage("bad-cut-end", "the connection's end before the head's last line", "9112 8", must, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"),
	garbage("bad-words", "words", "9110 15.6.3", must, "hello world\r\n\r\n"),
	garbage("bad-body-alone", "a body without a head", "9110 15.6.3", must, "<html>hello</html>"),
	garbage("bad-ssh", "a banner", "9110 15.6.3", must, "SSH-2.0-OpenSSH_9.2\r\n"),
	garbage("bad-version-2", "HTTP/2.0", "9112 2.3", strict, "HTTP/2.0 200 OK\r\n"+length5),
	garbage("bad-version-0", "HTTP/0.9", "9112 2.3", strict, "HTTP/0.9 200 OK\r\n"+length5),
	garbage("bad-version-12", "HTTP/1.12", "9112 2.3", strict, "HTTP/1.12 200 OK\r\n"+length5),
	garbage("bad-version-case", "http/1.1", "9112 2.3", strict, "http/1.1 200 OK\r\n"+length5),
	garbage("bad-icy", "ICY 200", "9112 4", strict, "ICY 200 OK\r\n"+length5),
	garbage("bad-status-none", "no status", "9112 4", must, "HTTP/1.1\r\n"+length5),
	garbage("bad-status-word", "a word for the status", "9112 4", must, "HTTP/1.1 OK\r\n"+length5),
	garbage("bad-status-20", "status 20", "9112 4", strict, "HTTP/1.1 20 OK\r\n"+length5),
	garbage("bad-status-2000", "status 2000", "9112 4", strict, "HTTP/1.1 2000 OK\r\n"+length5),
	garbage("bad-status-099", "status 099", "9110 15", strict, "HTTP/1.1 099 OK\r\n"+length5),
	garbage("bad-status-600", "status 600", "9110 15", strict, "HTTP/1.1 600 OK\r\n"+length5),
	garbage("bad-status-minus", "status -20", "9112 4", strict, "HTTP/1.1 -20 OK\r\n"+length5),
	garbage("bad-status-hex", "status 2x0", "9112 4", must, "HTTP/1.1 2x0 OK\r\n"+length5),
	garbage("bad-line-spaces", "two spaces before the status", "9112 4", strict, "HTTP/1.1  200 OK\r\n"+length5),
	garbage("bad-line-tab", "a tab before the status", "9112 4", strict, "HTTP/1.1\t200 OK\r\n"+length5),
	garbage("bad-line-before", "a space before the version", "9112 4", strict, " HTTP/1.1 200 OK\r\n"+length5),
	garbage("bad-reason-control", "a control byte in the reason", "9112 4", strict, "HTTP/1.1 200 O\x01K\r\n"+length5),
	doubtful("bad-reason-cr", "a bare CR in the reason", "9112 2.2", "HTTP/1.1 200 O\rK\r\n"+length5, delivered(200, "hello")),
	garbage("bad-lengths", "two lengths", "9112 6.3", must, ok+"Content-Length: 6\r\n"+length5),
	garbage("bad-lengths-list", "two lengths in a list", "9112 6.3", must, ok+"Content-Length: 5, 6\r\n\r\nhello!"),
	garbage("bad-length-word", "a length that is none", "9112 6.3", must, ok+"Content-Length: x\r\n\r\nhello"),
	garbage("bad-length-minus", "a length below zero", "9112 6.3", must, ok+"Content-Length: -5\r\n\r\nhello"),
	garbage("bad-length-plus", "+5", "9112 6.3", must, ok+"Content-Length: +5\r\n\r\nhello"),
	garbage("bad-length-2-64", "2^64 + 5", "9112 6.3", must, ok+"Content-Length: 18446744073709551621\r\n\r\nhello"),
	garbage("bad-length-empty", "an empty length", "9112 6.3", must, ok+"Content-Length:\r\n\r\nhello"),
	garbage("bad-length-space", "5 5", "9112 6.3", must, ok+"Content-Length: 5 5\r\n\r\nhello"),
	doubtful("bad-lengths-same", "one length twice", "9112 6.3", ok+"Content-Length: 5\r\n"+length5, delivered(200, "hello")),
	doubtful("bad-lengths-same-list", "5, 5", "9112 6.3", ok+"Content-Length: 5, 5\r\n\r\nhello", delivered(200, "hello")),
	doubtful("bad-cl-te", "Content-Length and Transfer-Encoding", "9112 6.3",
		ok+"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", both(delivered(200, "hello"), withoutField("Content-Length"))),
	doubtful("bad-te-old", "Transfer-Encoding in HTTP/1.0", "9112 6.1",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", either(delivered(200, "hello"), delivered(200, "5\r\nhello\r\n0\r\n\r\n"))),
	doubtful("bad-te-gzip", "an unknown transfer coding", "9112 6.3",
		ok+"Transfer-Encoding: frob\r\n\r\nhello", both(delivered(200, "hello"), withField("Transfer-Encoding", "frob"))),
	doubtful("bad-te-twice", "chunked, chunked", "9112 6.1",
		ok+"Transfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", delivered(200, "hello")),
	doubtful("bad-fold", "a folded line", "9112 5.2", ok+"X: a\r\n b\r\n"+length5, delivered(200, "hello")),
	doubtful("bad-fold-first", "a first field behind a space", "9112 2.2", "HTTP/1.1 200 OK\r\n X: a\r\n"+length5, both(delivered(200, "hello"), withoutField("X"))),
	doubtful("bad-space-colon", "a space before the colon", "9112 5.1", ok+"X : a\r\n"+length5, both(delivered(200, "hello"), either(withField("X", "a"), withoutField("X")))),
	doubtful("bad-space-length", "a space before the colon of Content-Length", "9112 5.1", ok+"Content-Length : 5\r\n\r\nhello", delivered(200, "hello")),
	doubtful("bad-lf", "bare LF everywhere", "9112 2.2", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", delivered(200, "hello")),
	doubtful("bad-lf-one", "a bare LF behind a field", "9112 2.2", ok+"X: a\n"+length5, delivered(200, "hello")),
	doubtful("bad-cr", "a bare CR in a value", "9112 2.2", ok+"X: a\rb\r\n"+length5, delivered(200, "hello")),
	doubtful("bad-nul", "a NUL in a value", "9110 5.5", ok+"X: a\x00b\r\n"+length5, delivered(200, "hello")),
	garbage("bad-control", "a control byte in a value", "9110 5.5", strict, ok+"X: a\x01b\r\n"+length5),
	garbage("bad-name", "a space in a name", "9110 5.1", strict, ok+"X Y: a\r\n"+length5),
	garbage("bad-name-empty", "no name", "9110 5.1", strict, ok+": a\r\n"+length5),
	garbage("bad-name-none", "no colon", "9112 5", strict, ok+"X\r\n"+length5),
	garbage("bad-name-nul", "a NUL in a name", "9110 5.1", strict, ok+"X\x00: a\r\n"+length5),
	garbage("bad-head-large", "a head of 1 MB", "9110 15.6.3", strict, ok+strings.Repeat("X: "+strings.Repeat("v", 996)+"\r\n", 1000)+length5),
	garbage("bad-head-many", "20,000 fields", "9110 15.6.3", strict, ok+strings.Repeat("X: v\r\n", 20_000)+length5),
	garbage("bad-101", "101 (Switching Protocols) that nobody asked for", "9110 15.2.2", must, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: frob\r\nConnection: upgrade\r\n\r\nhello"),
	garbage("bad-100-only", "an interim answer and then the end", "9110 15.2", must, "HTTP/1.1 103 Early Hints\r\n\r\n"),
	garbage("bad-behind-100", "words behind an interim answer", "9110 15.6.3", must, "HTTP/1.1 103 Early Hints\r\n\r\nhello\r\n\r\n"),
	{
		id: "bad-upgrade-other", what: "101 for a protocol that was not asked for", ref: "9110 7.8", level: must,
		send: get + handshake + "\r\n", more: "ping",
		reply: keeping("HTTP/1.1 101 Switching Protocols\r\nUpgrade: frob\r\nConnection: upgrade\r\n\r\n"), need: badGateway,
	},
	brokenBody("bad-chunk-cut", "chunks without an end", "9112 8", "5\r\nhello\r\n"),
	brokenBody("bad-chunk-cut-data", "a chunk cut short", "9112 8", "5\r\nhel"),
	brokenBody("bad-chunk-cut-last", "the last empty line missing", "9112 8", "5\r\nhello\r\n0\r\n"),
	brokenBody("bad-chunk-word", "a size that is none", "9112 7.1", "5\r\nhello\r\nxyz\r\n"),
	brokenBody("bad-chunk-2-64", "a size of 2^64 + 5", "9112 7.1", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
	brokenBody("bad-chunk-minus", "a size of -5", "9112 7.1", "-5\r\nhello\r\n0\r\n\r\n"),
	brokenBody("bad-chunk-long", "more data than the size says", "9112 7.1", "5\r\nhello!\r\n0\r\n\r\n"),
	brokenBody("bad-chunk-no-crlf", "no CR LF behind the data", "9112 7.1", "5\r\nhello0\r\n\r\n"),
	oddBody("bad-chunk-space", "a space behind the size", "9112 7.1", "5 \r\nhello\r\n0\r\n\r\n"),
	oddBody("bad-chunk-lf", "a bare LF behind the size", "9112 2.2", "5\nhello\r\n0\r\n\r\n"),
	oddBody("bad-chunk-data-lf", "a bare LF behind the data", "9112 2.2", "5\r\nhello\n0\r\n\r\n"),
	oddBody("bad-chunk-end-lf", "a bare LF at the end", "9112 2.2", "5\r\nhello\r\n0\r\n\n"),
	oddBody("bad-chunk-trailer", "a trailer without a colon", "9112 7.1.2", "5\r\nhello\r\n0\r\nX\r\n\r\n"),
	{
		id: "bad-length-cut", what: "less than Content-Length", ref: "9112 8", level: must,
		send: get + none, reply: answering(ok + "Content-Length: 10\r\n\r\nhello"), need: either(badGateway, notWhole),
	},
	{
		id: "bad-length-cut-old", what: "less than Content-Length, to HTTP/1.0", ref: "9112 8", level: must,
		send: "GET /m/~~ HTTP/1.0\r\nHost: h\r\n\r\n", reply: answering(ok + "Content-Length: 10\r\n\r\nhello"), need: either(badGateway, notWhole),
	},
	{
		id: "bad-chunk-cut-old", what: "chunks without an end, to HTTP/1.0", ref: "9112 8", level: must,
		send: "GET /m/~~ HTTP/1.0\r\nHost: h\r\n\r\n", reply: answering(ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), need: either(badGateway, notWhole),
	},
	{
		id: "bad-until-reset", what: "an answer until the connection's end, which is a reset", ref: "9112 8", level: must,
		send: get + none, reply: &reply{bytes: ok + "\r\nhello", then: resets}, need: either(badGateway, notWhole),
	},
	{
		id: "bad-until-reset-old", what: "the same to HTTP/1.0", ref: "9112 8", level: must,
		send: "GET /m/~~ HTTP/1.0\r\nHost: h\r\n\r\n", reply: &reply{bytes: ok + "\r\nhello", then: resets}, need: either(badGateway, notWhole),
	},
	behind("excess-length", "another answer behind Content-Length", get+none, ok+length5, 200, "hello"),
	behind("excess-chunked", "another answer behind the last chunk", get+none, ok+"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, "hello"),
	behind("excess-head", "another answer behind one to HEAD", "HEAD /m/~~ HTTP/1.1\r\nHost: h\r\n\r\n", ok+"Content-Length: 5\r\n\r\n", 200, ""),
	behind("excess-204", "another answer behind 204", get+none, "HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
	behind("excess-304", "another answer behind 304", get+none, "HTTP/1.1 304 Not Modified\r\n\r\n", 304, ""),
	{
		id: "excess-head-body", what: "a body in answer to HEAD", ref: "9112 6.3", level: must,
		send: "HEAD /m/~~ HTTP/1.1\r\nHost: h\r\n\r\n", reply: keeping(ok + length5), need: either(delivered(200, ""), badGateway),
	},
	{
		id: "excess-204-body", what: "a body behind 204", ref: "9112 6.3", level: must,
		send: get + none, reply: keeping("HTTP/1.1 204 No Content\r\n" + length5), need: either(delivered(204, ""), badGateway),
	},
}
