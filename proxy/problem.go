package proxy

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/weir-gateway/weir/proxy/http1"
)

// problem is an answer that Weir itself makes, as RFC 9457 has it. It never
// carries a byte of a message or an address.
type problem struct {
	status int
	slug   string // the end of its type
	title  string
	detail string // more about this occurrence, a fixed sentence
}

var (
	noState       = problem{503, "not-ready", "The gateway has no routes yet.", ""}
	noRoute       = problem{404, "no-route", "No model is served under this path.", ""}
	noTraffic     = problem{503, "no-traffic", "No version of this model takes traffic.", ""}
	unknownPin    = problem{404, "version-not-available", "The version that was asked for takes no traffic.", ""}
	badMethod     = problem{405, "method-not-allowed", "This method is not passed on.", ""}
	bodyTooLarge  = problem{413, "body-too-large", "The request's body is larger than this model takes.", ""}
	badBody       = problem{400, "bad-request", "The request can't be read.", "its chunked body is malformed"}
	headTooLarge  = problem{431, "head-too-large", "The request's head is too large.", ""}
	targetTooLong = problem{414, "target-too-long", "The request's target is too long.", ""}
	slowRequest   = problem{408, "request-timeout", "The request did not come in time.", ""}
	unreachable   = problem{502, "upstream-unreachable", "No server of this version could be reached.", ""}
	died          = problem{502, "upstream-reset", "The server of this version ended the connection before it answered.", ""}
	invalid       = problem{502, "upstream-invalid", "The server of this version gave an answer that is not valid HTTP.", ""}
	timedOut      = problem{504, "upstream-timeout", "The server of this version did not answer in time.", ""}
	overloaded    = problem{429, "overloaded", "The servers of this version have as many requests as they take, and as many wait.", ""}
	queueTimeout  = problem{503, "queue-timeout", "The servers of this version had no place for the request in time.", ""}
)

// refusal is the problem for a request that http1 refused.
func refusal(err error) problem {
	p := problem{400, "bad-request", "The request can't be read.", ""}
	if e, ok := errors.AsType[*http1.Error](err); ok {
		p.status, p.detail = e.Status, e.Reason
	}
	switch p.status {
	case 417:
		p.slug, p.title = "expectation-failed", "The request's expectation can't be met."
	case 431:
		p.slug, p.title = headTooLarge.slug, headTooLarge.title
	case 501:
		p.slug, p.title = "not-implemented", "The request needs something that is not spoken here."
	case 505:
		p.slug, p.title = "version-not-supported", "This version of HTTP is not spoken here."
	}
	return p
}

// append appends the whole answer. extra are header lines, each with its CR LF.
func (p problem) append(dst []byte, id, extra []byte, head, last bool) []byte {
	body := `{"type":"urn:weir:problem:` + p.slug + `","title":"` + p.title + `","status":` + strconv.Itoa(p.status)
	if p.detail != "" {
		body += `,"detail":"` + p.detail + `"`
	}
	body += "}\n"
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(p.status), 10)
	dst = append(dst, ' ')
	dst = append(dst, http.StatusText(p.status)...)
	dst = append(dst, "\r\nContent-Type: application/problem+json\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, "\r\nCache-Control: no-store\r\n"...)
	if p.status == 429 || p.slug == queueTimeout.slug { // it may go better in a second
		dst = append(dst, "Retry-After: 1\r\n"...)
	}
	if p.status == 405 {
		dst = append(dst, "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"...)
	}
	if len(id) > 0 {
		dst = append(append(append(dst, "x-request-id: "...), id...), '\r', '\n')
	}
	dst = append(dst, extra...)
	if last {
		dst = append(dst, "Connection: close\r\n"...)
	}
	dst = append(dst, '\r', '\n')
	if head {
		return dst
	}
	return append(dst, body...)
}
