package proxy

import (
	"strconv"

	"github.com/weir-gateway/weir/proxy/http1"
)

// notForwarded are the fields of a request that stay here.
const notForwarded = http1.HopByHop | 1<<http1.Expect | 1<<http1.WeirShadow

// notReturned are the fields of an answer that stay here: those that Weir sets.
const notReturned = http1.HopByHop | 1<<http1.RequestID | 1<<http1.WeirModel | 1<<http1.WeirVersion

// appendTarget appends the request line for an endpoint: the bytes of the target
// that were routed, but for the prefix where the endpoint has a path of its own.
func (k *call) appendTarget(dst []byte, req *http1.Request, path []byte) []byte {
	dst = append(append(dst, req.Method...), ' ')
	if len(path) > 0 {
		dst = append(append(dst, path...), req.Path[len(k.route.Prefix):]...)
	} else {
		dst = append(dst, req.Path...)
	}
	dst = append(dst, req.Query...)
	return append(dst, " HTTP/1.1\r\n"...)
}

// appendFields appends the fields that a request goes on with, without those
// that frame its body.
func (k *call) appendFields(dst []byte, req *http1.Request) []byte {
	drop := notForwarded
	if k.ownID {
		drop |= 1 << http1.RequestID
	}
	if k.x.Recorded {
		drop |= 1 << http1.TraceParent
	}
	if k.ownTrace {
		drop |= 1<<http1.TraceParent | 1<<http1.TraceState
	}
	if k.forwards >= 0 {
		drop |= 1 << http1.MaxForwards
	}
	dst = req.Append(dst, drop|k.from.drop())
	dst = k.from.append(dst, req)
	if req.Minor == 0 {
		dst = append(dst, "Via: 1.0 weir\r\n"...)
	} else {
		dst = append(dst, "Via: 1.1 weir\r\n"...)
	}
	if k.ownID {
		dst = append(append(append(dst, "x-request-id: "...), k.id...), '\r', '\n')
	}
	if k.ownTrace || k.x.Recorded {
		dst = append(append(append(dst, "traceparent: "...), k.x.Trace...), '\r', '\n')
	}
	if k.forwards >= 0 {
		dst = append(dst, "Max-Forwards: "...)
		dst = strconv.AppendInt(dst, k.forwards, 10)
		dst = append(dst, '\r', '\n')
	}
	return dst
}

// appendRequest appends the head of the request for endpoint e.
func (k *call) appendRequest(dst []byte, req *http1.Request, e *endpoint) []byte {
	dst = k.appendTarget(dst, req, e.path)
	if !req.Has(http1.Host) {
		dst = append(dst, "Host: "...)
		if req.Host != nil {
			dst = append(dst, req.Host...)
		} else {
			dst = append(dst, e.host...)
		}
		dst = append(dst, '\r', '\n')
	}
	dst = k.appendFields(dst, req)
	switch {
	case k.upgrade:
		dst = append(dst, "Connection: upgrade\r\nUpgrade: "...)
		dst = append(append(dst, req.Value(http1.Upgrade)...), '\r', '\n')
	case req.Chunked && k.streams:
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	case req.Chunked:
		// The whole body is here: its length is the simpler framing.
		dst = appendLength(dst, len(k.body))
	}
	return append(dst, '\r', '\n')
}

// appendAnswer appends the head of the answer to the client, final or interim.
func (c *conn) appendAnswer(dst []byte, resp *http1.Response) []byte {
	k, req := &c.w.call, &c.w.req
	dst = append(dst, "HTTP/1.1 "...)
	if dst = append(dst, resp.Line...); len(resp.Line) == 3 {
		dst = append(dst, ' ') // it belongs there also before an empty reason
	}
	dst = append(dst, '\r', '\n')
	drop := notReturned
	if resp.Status < 200 || resp.Status == 204 {
		drop |= 1 << http1.ContentLength
	}
	dst = resp.Append(dst, drop)
	if resp.Status == 101 {
		dst = append(dst, "Connection: upgrade\r\nUpgrade: "...)
		dst = append(append(dst, resp.Value(http1.Upgrade)...), '\r', '\n')
	}
	dst = append(append(append(dst, "x-request-id: "...), k.id...), '\r', '\n')
	dst = append(dst, k.target.headers...)
	if resp.Status >= 200 && !resp.Has(http1.Date) {
		dst = c.server.date.append(dst)
	}
	switch {
	case resp.Status < 200:
	case !k.keep:
		dst = append(dst, "Connection: close\r\n"...)
	case req.Minor == 0:
		dst = append(dst, "Connection: keep-alive\r\n"...)
	}
	if k.chunks {
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	}
	return append(dst, '\r', '\n')
}

func appendLength(dst []byte, n int) []byte {
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, '\r', '\n')
}
