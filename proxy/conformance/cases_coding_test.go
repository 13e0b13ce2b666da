package conformance_test

// badCoding is a Transfer-Encoding whose last coding isn't chunked: RFC 9112,
// 6.3, item 4 wants 400 and the end of the connection.
func badCoding(id, what, lines string) testCase {
	return testCase{
		id: id, what: what, ref: "9112 6.3", level: must,
		send: post + lines + "\r\n5\r\nhello\r\n0\r\n\r\n", need: refused(400),
	}
}

// oddCoding ends in chunked, but not in a way that all would see: to refuse it
// costs nobody anything.
func oddCoding(id, what, ref, lines string) testCase {
	return testCase{
		id: id, what: what, ref: ref, level: must,
		send: post + lines + "\r\n5\r\nhello\r\n0\r\n\r\n",
		need: either(refused(400, 422, 501), passedOn(bodyIs("hello"))), best: refused(400, 422, 501),
	}
}

var codingCases = []testCase{
	{
		id: "te", what: "chunked", ref: "9112 7.1", level: must,
		send: coded + "5\r\nhello\r\n0\r\n\r\n", need: passedOn(bodyIs("hello")),
	},
	{
		id: "te-case", what: "cHuNkEd", ref: "9112 7", level: must,
		send: post + "Transfer-Encoding: cHuNkEd\r\n\r\n5\r\nhello\r\n0\r\n\r\n", need: passedOn(bodyIs("hello")),
	},
	{
		id: "te-ows", what: "a tab before and a space behind", ref: "9110 5.5", level: must,
		send: post + "Transfer-Encoding:\tchunked \r\n\r\n5\r\nhello\r\n0\r\n\r\n", need: passedOn(bodyIs("hello")),
	},
	{
		id: "te-get", what: "GET with a chunked body", ref: "9110 9.3.1", level: must,
		send: get + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", need: passedOn(bodyIs("hello")),
	},
	{
		id: "cl-te", what: "with Content-Length before it", ref: "9112 6.1", level: must,
		send: five + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		need: either(refused(400), closing(passedOn(bodyIs("")))), best: refused(400),
	},
	{
		id: "te-cl", what: "with Content-Length behind it", ref: "9112 6.1", level: must,
		send: post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		need: either(refused(400), closing(passedOn(bodyIs("")))), best: refused(400),
	},
	{
		id: "cl-te-hiding", what: "with a Content-Length that covers a hidden request", ref: "9112 6.1", level: must,
		send: post + "Content-Length: ##\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hiding,
		need: either(refused(400), closing(passedOn(bodyIs("")))), best: refused(400),
	},
	{
		id: "te-cl-hiding", what: "with a Content-Length before a hidden request in the chunk", ref: "9112 6.1", level: must,
		send: post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n#x#\r\n" + hiding + "\r\n0\r\n\r\n",
		need: either(refused(400), closing(passedOn())), best: refused(400),
	},
	{
		id: "te-cl-zero", what: "with Content-Length: 0", ref: "9112 6.1", level: must,
		send: post + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		need: either(refused(400), closing(passedOn(bodyIs("hello")))), best: refused(400),
	},
	{
		id: "te-cl-invalid", what: "with an invalid Content-Length", ref: "9112 6.1", level: must,
		send: post + "Content-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		need: either(refused(400), closing(passedOn(bodyIs("hello")))), best: refused(400),
	},
	badCoding("te-identity", "identity", "Transfer-Encoding: identity\r\n"),
	badCoding("te-identity-cl", "identity, with Content-Length", "Transfer-Encoding: identity\r\nContent-Length: 15\r\n"),
	badCoding("te-gzip", "gzip", "Transfer-Encoding: gzip\r\n"),
	badCoding("te-chunked-gzip", "chunked, gzip", "Transfer-Encoding: chunked, gzip\r\n"),
	badCoding("te-chunked-identity", "chunked, identity", "Transfer-Encoding: chunked, identity\r\n"),
	badCoding("te-chunked-then-identity", "chunked, and identity in another line", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
	badCoding("te-xchunked", "xchunked", "Transfer-Encoding: xchunked\r\n"),
	badCoding("te-chunkedx", "chunkedx", "Transfer-Encoding: chunkedx\r\n"),
	badCoding("te-unknown-cl", "an unknown coding, with Content-Length", "Transfer-Encoding: cow\r\nContent-Length: 15\r\n"),
	badCoding("te-quoted", `"chunked"`, "Transfer-Encoding: \"chunked\"\r\n"),
	badCoding("te-empty", "no value", "Transfer-Encoding:\r\n"),
	badCoding("te-empty-cl", "no value, with Content-Length", "Transfer-Encoding:\r\nContent-Length: 15\r\n"),
	badCoding("te-nul", "a NUL behind chunked", "Transfer-Encoding: chunked\x00\r\n"),
	badCoding("te-vt", "a vertical tab before chunked", "Transfer-Encoding: \vchunked\r\n"),
	badCoding("te-nbsp", "a no-break space before chunked", "Transfer-Encoding: \u00a0chunked\r\n"),
	badCoding("te-bare-cr", "a bare CR behind chunked", "Transfer-Encoding: chunked\rx\r\n"),
	badCoding("te-space-inside", "chun ked", "Transfer-Encoding: chun ked\r\n"),
	{
		id: "te-gzip-chunked", what: "gzip, chunked: not understood here", ref: "9112 6.1", level: should,
		send: post + "Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", need: refused(501),
	},
	{
		id: "te-gzip-then-chunked", what: "gzip, and chunked in another line", ref: "9112 6.1", level: should,
		send: post + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", need: refused(501, 400),
	},
	oddCoding("te-chunked-chunked", "chunked, chunked", "9112 6.1", "Transfer-Encoding: chunked, chunked\r\n"),
	oddCoding("te-twice", "chunked in two lines", "9112 6.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
	oddCoding("te-identity-chunked", "identity, chunked", "9112 7", "Transfer-Encoding: identity, chunked\r\n"),
	oddCoding("te-comma-before", ", chunked", "9110 5.6.1.2", "Transfer-Encoding: , chunked\r\n"),
	oddCoding("te-comma-behind", "chunked,", "9110 5.6.1.2", "Transfer-Encoding: chunked,\r\n"),
	oddCoding("te-parameter", "chunked;q=1", "9112 7", "Transfer-Encoding: chunked;q=1\r\n"),
	oddCoding("te-fold", "on a folded line", "9112 5.2", "Transfer-Encoding:\r\n chunked\r\n"),
	oddCoding("te-fold-behind", "identity, on a folded line behind chunked", "9112 5.2", "Transfer-Encoding: chunked\r\n , identity\r\n"),
	{
		id: "te-space-colon", what: "a space before the colon", ref: "9112 5.1", level: must,
		send: post + "Transfer-Encoding : chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", need: refused(400),
	},
	{
		id: "te-space-colon-cl", what: "a space before the colon, with Content-Length", ref: "9112 5.1", level: must,
		send: five + "Transfer-Encoding : chunked\r\n\r\nhello", need: refused(400),
	},
	{
		id: "te-space-first", what: "behind a space, as the first field", ref: "9112 2.2", level: must,
		send: "POST /m/~~ HTTP/1.1\r\n Transfer-Encoding: chunked\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
		need: either(refused(400), passedOn(bodyIs("hello"))), best: refused(400),
	},
	{
		id: "te-old", what: "in a request of HTTP/1.0", ref: "9112 6.1", level: must,
		send: "POST /m/~~ HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		need: either(refused(400), closing(passedOn(bodyIs("hello")))), best: refused(400),
	},
	{
		id: "te-old-cl", what: "in a request of HTTP/1.0 that is to be kept alive, with Content-Length", ref: "9112 6.1", level: must,
		send: "POST /m/~~ HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 15\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		need: either(refused(400), closing(passedOn(bodyIs("hello")))), best: refused(400),
	},
	{
		id: "te-nominated", what: "named by Connection", ref: "9110 7.6.1", level: must,
		send: post + "Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		need: either(refused(400), passedOn(bodyIs("hello"))),
	},
	{
		id: "cl-nominated", what: "Content-Length named by Connection", ref: "9110 7.6.1", level: must,
		send: five + "Connection: content-length\r\n\r\nhello", need: either(refused(400), passedOn(bodyIs("hello"))),
	},
	{
		id: "te-underscore", what: "Transfer_Encoding, which is another field", ref: "9110 5.1", level: must,
		send: five + "Transfer_Encoding: chunked\r\n\r\nhello", need: either(passedOn(bodyIs("hello")), refused(400)),
	},
}
