package conformance_test

import "strings"

const (
	second = "GET /m/~~/second HTTP/1.1\r\nHost: h\r\n\r\n"
	third  = "GET /m/~~/third HTTP/1.1\r\nHost: h\r\n\r\n"
)

var connectionCases = []testCase{
	{
		id: "persists", what: "a connection of HTTP/1.1 goes on", ref: "9112 9.3", level: should,
		send: get + none, need: both(passedOn(), endsAs(kept)),
	},
	{
		id: "close", what: "Connection: close", ref: "9112 9.6", level: must,
		send: get + "Connection: close\r\n\r\n", need: closing(passedOn()),
	},
	{
		id: "close-said", what: "Connection: close is answered with the same", ref: "9112 9.6", level: should,
		send: get + "Connection: close\r\n\r\n", need: both(passedOn(), closeSaid),
	},
	{
		id: "close-case", what: "Connection: CLOSE", ref: "9112 9.6", level: must,
		send: get + "Connection: CLOSE\r\n\r\n", need: closing(passedOn()),
	},
	{
		id: "close-list", what: "close in a list", ref: "9112 9.6", level: must,
		send: get + "Connection: x, close\r\n\r\n", need: closing(passedOn()),
	},
	{
		id: "close-second", what: "close in a second Connection field", ref: "9112 9.6", level: must,
		send: get + "Connection: x\r\nConnection: close\r\n\r\n", need: closing(passedOn()),
	},
	{
		id: "close-pipelined", what: "a request behind Connection: close", ref: "9112 9.6", level: must,
		send: get + "Connection: close\r\n\r\n" + hiding, need: closing(passedOn()),
	},
	{
		id: "old", what: "a connection of HTTP/1.0 ends", ref: "9112 9.3", level: must,
		send: "GET /m/~~ HTTP/1.0\r\nHost: h\r\n\r\n", need: closing(passedOn(ownVersion)),
	},
	{
		id: "old-keep-alive", what: "HTTP/1.0 with keep-alive", ref: "9112 C.2.2", level: strict,
		send: "GET /m/~~ HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", need: passedOn(),
	},
	{
		id: "old-chunked", what: "a chunked answer to HTTP/1.0", ref: "9112 6.1", level: must,
		send:  "GET /m/~~ HTTP/1.0\r\nHost: h\r\n\r\n",
		reply: answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
		need:  both(delivered(200, "hello"), withoutField("Transfer-Encoding"), endsAs(closed)),
	},
	{
		id: "old-chunked-keep-alive", what: "a chunked answer to HTTP/1.0 with keep-alive", ref: "9112 6.1", level: must,
		send:  "GET /m/~~ HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
		reply: answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
		need:  both(delivered(200, "hello"), withoutField("Transfer-Encoding")),
	},
	{
		id: "old-interim", what: "an interim answer to HTTP/1.0", ref: "9110 15.2", level: must,
		send:  "GET /m/~~ HTTP/1.0\r\nHost: h\r\n\r\n",
		reply: answering("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
		need:  both(delivered(200, "hello"), interims()),
	},
	{
		id: "pipelined", what: "three requests at once", ref: "9112 9.3.2", level: must,
		send: get + none + second + third, answers: 3,
		need: both(passedOn(), secondIs("/second"), func(o *observed) string {
			if len(o.answers) < 3 || !strings.HasSuffix(o.answers[2].body, "/third") {
				return "the third request was not answered"
			}
			return ""
		}),
	},
	{
		id: "pipelined-head", what: "a request behind HEAD", ref: "9112 9.3.2", level: must,
		send: "HEAD /m/~~ HTTP/1.1\r\nHost: h\r\n\r\n", need: both(passedOn(), endsAs(kept)),
	},
	{
		id: "pipelined-bad", what: "a bad request behind a good one", ref: "9112 9.3.2", level: must,
		send: get + none + "GET /m/~~/second HTTP/1.1\r\n\r\n", answers: 2,
		need: both(passedOn(), func(o *observed) string {
			if len(o.answers) != 2 || o.answers[1].status != 400 {
				return "the second request was not refused"
			}
			return ""
		}),
	},
	{
		id: "pieces", what: "the beginning of another request behind the first", ref: "9112 9.3.2", level: must,
		// The further request, which goes behind it, gives it its Host.
		send: get + none + "GET /m/~~/after HTTP/1.1\r\nX-Rest: ",
		need: both(passedOn(), endsAs(kept)),
	},
}

func endsAs(want ending) verdict {
	return func(o *observed) string {
		if o.end != want {
			return "the connection: " + string(o.end)
		}
		return ""
	}
}

func closeSaid(o *observed) string {
	return anAnswer(func(a *answer) string {
		if !a.names("Connection", "close") {
			return "Connection: close is missing"
		}
		return ""
	})(o)
}
