package conformance_test

import "strings"

// badChunks is a chunked body that is none. Behind it stands a hidden request.
func badChunks(id, what, ref, body string) testCase {
	return testCase{
		id: id, what: what, ref: ref, level: must,
		send: coded + body, need: stopped(400),
	}
}

// oddChunks is one that some take for well-formed: it must be refused, or come
// through with one meaning.
func oddChunks(id, what, ref, body, want string) testCase {
	return testCase{
		id: id, what: what, ref: ref, level: must,
		send: coded + body, need: either(stopped(400), passedOn(bodyIs(want))), best: stopped(400),
	}
}

func goodChunks(id, what, ref, body, want string) testCase {
	return testCase{
		id: id, what: what, ref: ref, level: must,
		send: coded + body, need: passedOn(bodyIs(want)),
	}
}

// hugeChunk has a size that may be waited for, which refusing spares.
func hugeChunk(id, what, size string) testCase {
	return testCase{
		id: id, what: what, ref: "9112 7.1", level: must, send: coded + size + "\r\nhello\r\n" + end + hiding,
		need: either(stopped(400, 413), func(o *observed) string {
			if o.end != hangs || len(o.answers) > 0 {
				return o.text()
			}
			return ""
		}), best: stopped(400, 413),
	}
}

// stopped asks that a request whose body went wrong was answered so, or not at
// all, and that the origin never took it for a whole one. A proxy that streams
// may have passed a part of it on.
func stopped(statuses ...int) verdict {
	return func(o *observed) string {
		for _, s := range o.seen {
			if !s.cut {
				return "the origin took it for whole: " + o.text()
			}
		}
		part := *o
		part.seen = nil
		return refused(append(statuses, 0)...)(&part)
	}
}

const end = "0\r\n\r\n"

var chunkCases = []testCase{
	goodChunks("chunks", "two chunks", "9112 7.1", "5\r\nhello\r\n6\r\n world\r\n"+end, "hello world"),
	goodChunks("chunks-empty", "no data", "9112 7.1", end, ""),
	goodChunks("chunk-upper", "a size in upper-case digits", "9112 7.1", "A\r\n0123456789\r\n"+end, "0123456789"),
	goodChunks("chunk-zeros", "leading zeros", "9112 7.1", "0005\r\nhello\r\n000\r\n\r\n", "hello"),
	goodChunks("chunk-crlf-data", "CR LF in the data", "9112 7.1", "7\r\na\r\nb\r\nc\r\n"+end, "a\r\nb\r\nc"),
	goodChunks("chunk-ext", "an extension", "9112 7.1.1", "5;a=b\r\nhello\r\n"+end, "hello"),
	goodChunks("chunk-ext-name", "an extension without a value", "9112 7.1.1", "5;a\r\nhello\r\n"+end, "hello"),
	goodChunks("chunk-ext-quoted", "a quoted extension", "9112 7.1.1", "5;a=\"b;\\\"c\"\r\nhello\r\n"+end, "hello"),
	goodChunks("chunk-ext-last", "an extension of the last chunk", "9112 7.1.1", "5\r\nhello\r\n0;a=b\r\n\r\n", "hello"),
	goodChunks("chunk-ext-two", "two extensions", "9112 7.1.1", "5;a=b;c\r\nhello\r\n"+end, "hello"),
	goodChunks("chunk-ext-bws", "a space before an extension", "9112 7.1.1", "5 ;a=b\r\nhello\r\n"+end, "hello"),
	goodChunks("chunk-ext-bws-inside", "spaces inside an extension", "9112 7.1.1", "5; a = b\r\nhello\r\n"+end, "hello"),
	goodChunks("trailer", "a trailer", "9112 7.1.2", "5\r\nhello\r\n0\r\nX-T: v\r\n\r\n", "hello"),
	{
		id: "chunks-pipelined", what: "another request right behind the body", ref: "9112 9.3.2", level: must,
		send: coded + "5\r\nhello\r\n" + end + "GET /m/~~/second HTTP/1.1\r\nHost: h\r\n\r\n", answers: 2,
		need: both(passedOn(bodyIs("hello")), secondIs("/second")),
	},
	{
		id: "chunk-zeros-many", what: "30 leading zeros", ref: "9112 7.1", level: must,
		send: coded + strings.Repeat("0", 30) + "5\r\nhello\r\n" + end, need: either(passedOn(bodyIs("hello")), stopped(400)),
	},
	{
		id: "trailer-cl", what: "Content-Length in the trailer", ref: "9110 6.5.1", level: must,
		send: coded + "5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n",
		need: either(passedOn(bodyIs("hello"), without("Content-Length")), passedOn(bodyIs("hello"), fieldIs("Content-Length", "5")), stopped(400)),
	},
	{
		id: "trailer-te", what: "Transfer-Encoding in the trailer", ref: "9110 6.5.1", level: must,
		send: coded + "5\r\nhello\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n", need: either(passedOn(bodyIs("hello")), stopped(400)),
	},
	{
		id: "trailer-host", what: "Host in the trailer", ref: "9110 6.5.1", level: must,
		send: coded + "5\r\nhello\r\n0\r\nHost: other\r\n\r\n", need: either(passedOn(bodyIs("hello"), fieldIs("Host", "h")), stopped(400)),
	},
	badChunks("chunk-size-none", "no size", "9112 7.1", "\r\nhello\r\n"+end+hiding),
	badChunks("chunk-size-plus", "+5", "9112 7.1", "+5\r\nhello\r\n"+end+hiding),
	badChunks("chunk-size-minus", "-5", "9112 7.1", "-5\r\nhello\r\n"+end+hiding),
	badChunks("chunk-size-0x", "0x5", "9112 7.1", "0x5\r\nhello\r\n"+end+hiding),
	badChunks("chunk-size-letter", "5g", "9112 7.1", "5g\r\nhello\r\n"+end+hiding),
	badChunks("chunk-size-word", "a word", "9112 7.1", "xyz\r\nhello\r\n"+end+hiding),
	badChunks("chunk-size-comma", "5,", "9112 7.1", "5,\r\nhello\r\n"+end+hiding),
	badChunks("chunk-size-point", "5.", "9112 7.1", "5.0\r\nhello\r\n"+end+hiding),
	badChunks("chunk-size-underscore", "0_5", "9112 7.1", "0_5\r\nhello\r\n"+end+hiding),
	badChunks("chunk-size-quoted", `"5"`, "9112 7.1", "\"5\"\r\nhello\r\n"+end+hiding),
	badChunks("chunk-size-nul", "a NUL behind the size", "9112 7.1", "5\x00\r\nhello\r\n"+end+hiding),
	badChunks("chunk-size-vt", "a vertical tab behind the size", "9112 7.1", "5\v\r\nhello\r\n"+end+hiding),
	hugeChunk("chunk-size-2-63", "2^63 + 5", "8000000000000005"),
	hugeChunk("chunk-size-all-ones", "2^64 - 1", "ffffffffffffffff"),
	badChunks("chunk-size-2-64", "2^64 + 5, which wraps to 5", "9112 7.1", "10000000000000005\r\nhello\r\n"+end+hiding),
	badChunks("chunk-size-many", "a size of 1,000 digits", "9112 7.1", strings.Repeat("f", 1000)+"\r\nhello\r\n"+end+hiding),
	badChunks("chunk-data-long", "more data than the size says", "9112 7.1", "5\r\nhello!\r\n"+end+hiding),
	badChunks("chunk-data-short", "less data than the size says", "9112 7.1", "8\r\nhello\r\n"+end+hiding),
	badChunks("chunk-no-crlf", "no CR LF behind the data", "9112 7.1", "5\r\nhello"+end+hiding),
	badChunks("chunk-junk", "bytes between the data and its CR LF", "9112 7.1", "5\r\nhelloXX\r\n"+end+hiding),
	badChunks("chunk-junk-hiding", "a hidden request between the data and a CR LF", "9112 7.1",
		"5\r\nhello0\r\n\r\nGET /m/~~/hidden HTTP/1.1\r\nHost: h\r\nX: \r\n0\r\n\r\n"),
	badChunks("chunk-cr-only", "CR without LF behind the size", "9112 7.1", "5\rhello\r\n"+end+hiding),
	badChunks("chunk-cr-junk", "CR and another byte behind the size", "9112 7.1", "5\rX\nhello\r\n"+end+hiding),
	badChunks("chunk-crcrlf", "CR CR LF behind the data", "9112 7.1", "5\r\nhello\r\r\n"+end+hiding),
	oddChunks("chunk-space-before", "a space before the size", "9112 7.1", " 5\r\nhello\r\n"+end, "hello"),
	oddChunks("chunk-space-behind", "a space behind the size", "9112 7.1", "5 \r\nhello\r\n"+end, "hello"),
	oddChunks("chunk-tab-behind", "a tab behind the size", "9112 7.1", "5\t\r\nhello\r\n"+end, "hello"),
	oddChunks("chunk-last-space", "a space behind the last size", "9112 7.1", "5\r\nhello\r\n0 \r\n\r\n", "hello"),
	oddChunks("chunk-size-lf", "a bare LF behind the size", "9112 2.2", "5\nhello\r\n"+end, "hello"),
	oddChunks("chunk-data-lf", "a bare LF behind the data", "9112 2.2", "5\r\nhello\n"+end, "hello"),
	oddChunks("chunk-last-lf", "a bare LF behind the last size", "9112 2.2", "5\r\nhello\r\n0\n\r\n", "hello"),
	oddChunks("chunk-end-lf", "a bare LF at the end", "9112 2.2", "5\r\nhello\r\n0\r\n\n", "hello"),
	oddChunks("chunk-ext-lf", "a bare LF in an extension", "9112 2.2", "5;a\nhello\r\n"+end, "hello"),
	oddChunks("chunk-ext-cr", "a bare CR in an extension", "9112 2.2", "5;a=\rb\r\nhello\r\n"+end, "hello"),
	oddChunks("chunk-ext-nul", "a NUL in an extension", "9112 7.1.1", "5;a=\x00\r\nhello\r\n"+end, "hello"),
	oddChunks("chunk-ext-empty", "an extension without a name", "9112 7.1.1", "5;\r\nhello\r\n"+end, "hello"),
	oddChunks("chunk-ext-equals", "an extension that begins with =", "9112 7.1.1", "5;=b\r\nhello\r\n"+end, "hello"),
	oddChunks("chunk-ext-open-quote", "a quote that is not closed", "9112 7.1.1", "5;a=\"b\r\nhello\r\n"+end, "hello"),
	oddChunks("chunk-ext-space", "a space instead of the semicolon", "9112 7.1.1", "5 a=b\r\nhello\r\n"+end, "hello"),
	oddChunks("chunk-ext-long", "an extension of 100,000 bytes", "9112 7.1.1", "5;a="+strings.Repeat("b", 100_000)+"\r\nhello\r\n"+end, "hello"),
	{
		id: "chunk-ext-flood", what: "5,000 chunks of a byte, each with an extension of 100 bytes", ref: "9112 7.1.1", level: strict,
		send: coded + strings.Repeat("1;a="+strings.Repeat("b", 100)+"\r\nx\r\n", 5000) + end, need: stopped(400, 413),
	},
	oddChunks("trailer-space-colon", "a space before the colon in a trailer", "9112 5.1", "5\r\nhello\r\n0\r\nX-T : v\r\n\r\n", "hello"),
	oddChunks("trailer-fold", "a folded trailer", "9112 5.2", "5\r\nhello\r\n0\r\nX-T: v\r\n w\r\n\r\n", "hello"),
	oddChunks("trailer-no-colon", "a trailer without a colon", "9112 7.1.2", "5\r\nhello\r\n0\r\nX-T\r\n\r\n", "hello"),
	oddChunks("trailer-no-name", "a trailer without a name", "9112 7.1.2", "5\r\nhello\r\n0\r\n: v\r\n\r\n", "hello"),
	oddChunks("trailer-nul", "a NUL in a trailer", "9110 5.5", "5\r\nhello\r\n0\r\nX-T: \x00\r\n\r\n", "hello"),
	oddChunks("trailer-lf", "a bare LF in a trailer", "9112 2.2", "5\r\nhello\r\n0\r\nX-T: v\n\r\n", "hello"),
	oddChunks("trailer-bare-cr", "a bare CR in a trailer", "9112 2.2", "5\r\nhello\r\n0\r\nX-T: v\rw\r\n\r\n", "hello"),
	oddChunks("trailer-request", "a request where the trailer would be", "9112 7.1.2",
		"5\r\nhello\r\n0\r\nGET /m/~~/hidden HTTP/1.1\r\nHost: h\r\n\r\n", "hello"),
	{
		id: "trailer-long", what: "a trailer of 100,000 bytes", ref: "9112 7.1.2", level: strict,
		send: coded + "5\r\nhello\r\n0\r\nX-T: " + strings.Repeat("v", 100_000) + "\r\n\r\n", need: stopped(400, 413, 431),
	},
	{
		id: "chunk-cut", what: "the client's end behind a chunk", ref: "9112 8", level: must,
		send: coded + "5\r\nhello\r\n", halfClose: true, need: stopped(400, 408, 499),
	},
	{
		id: "chunk-cut-last", what: "the client's end before the last empty line", ref: "9112 8", level: must,
		send: coded + "5\r\nhello\r\n0\r\n", halfClose: true, need: stopped(400, 408, 499),
	},
	{
		id: "cl-cut", what: "the client's end within a body of known length", ref: "9112 8", level: must,
		send: post + "Content-Length: 10\r\n\r\nhello", halfClose: true, need: stopped(400, 408, 499),
	},
}
