package api

import (
	"fmt"
	"strings"

	"github.com/weir-gateway/weir/registry"
)

// ProblemPrefix begins the type of every problem that Weir itself reports; what follows it is one of the Type constants.
const ProblemPrefix = "urn:weir:problem:"

// The stable slugs behind [ProblemPrefix]. Scripts may branch on them; titles and details are for people and may change.
const (
	TypeNotFound             = "not-found"
	TypeNoTraffic            = "no-traffic"
	TypeConflict             = "conflict"
	TypePreconditionFailed   = "precondition-failed"
	TypePreconditionRequired = "precondition-required"
	TypeInvalid              = "invalid"
	TypeBodyTooLarge         = "body-too-large"
	TypeMethodNotAllowed     = "method-not-allowed"
	TypeNotAcceptable        = "not-acceptable"
	TypeForbidden            = "forbidden"
	TypeUnauthorized         = "unauthorized"
	TypeTooManyRequests      = "too-many-requests"
	TypeNotLeader            = "not-leader"
	TypeReloadFailed         = "reload-failed"
	TypeInternal             = "internal"
)

// Problem is an error answer (RFC 9457, application/problem+json).
type Problem struct {
	// Type is ProblemPrefix followed by one of the Type constants.
	Type string `json:"type"`
	// Title is the same for every problem of one type.
	Title string `json:"title"`
	// Status repeats the HTTP status.
	Status int `json:"status"`
	// Detail says what was wrong this time and how to mend it.
	Detail string `json:"detail,omitempty"`
	// Fields names the offending members of the request, by JSON path or parameter name.
	Fields []Field `json:"fields,omitempty"`
	// Generation is the current one, given with precondition-failed so that the caller can read and decide again.
	Generation *uint64 `json:"generation,omitempty"`
	// Leader is the gateway to ask instead, given with not-leader where there is one.
	Leader *registry.Replica `json:"leader,omitempty"`
}

// Field is one offending member of a request.
type Field struct {
	Name   string `json:"name"`
	Detail string `json:"detail"`
}

// HasType reports whether the problem has the type with the given slug (one of the Type constants).
func (p *Problem) HasType(slug string) bool { return p.Type == ProblemPrefix+slug }

// Error gives the detail and the fields in one line.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = strings.ToLower(p.Title)
	}
	for _, f := range p.Fields {
		if !strings.Contains(text, f.Detail) {
			text += fmt.Sprintf("; %s: %s", f.Name, f.Detail)
		}
	}
	return text
}
