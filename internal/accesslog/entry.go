package accesslog

import (
	"encoding/hex"
	"log/slog"
	"net/netip"
	"time"
	"unsafe"
)

// maxPath is how much of a path is logged: with it a waiting entry takes at most
// about 1.5 kB, whatever clients send.
const maxPath = 1024

// Entry is what is logged of one request. Model, Version, Decision and Fault must
// be strings that never change; the others are copied by Log.Add.
type Entry struct {
	End        time.Time // when the answer's last byte was sent
	RequestID  string
	TraceID    [16]byte // zero: not known, and left out
	Model      string
	Version    string
	Generation uint64
	Decision   string // how the version was chosen
	Method     string
	Prefix     string // of the path, and
	Rest       string // what follows, without the query
	Status     int    // that the client saw
	Fault      string // "" for none
	Failed     bool   // the version's failure: logged on level ERROR
	Duration   time.Duration
	Upstream   time.Duration
	BytesIn    int64 // of the request's body
	BytesOut   int64 // of the answer's body
	Client     netip.Addr
}

// record is an entry that waits, with its own memory.
type record struct {
	Entry
	arena []byte
}

func (r *record) hold(e *Entry) {
	r.Entry = *e
	arena := r.arena[:0]
	arena = append(arena, e.RequestID...)
	arena = append(arena, e.Method...)
	method := len(arena)
	arena = append(arena, e.Prefix[:min(len(e.Prefix), maxPath)]...)
	arena = append(arena, e.Rest[:min(len(e.Rest), maxPath-(len(arena)-method))]...)
	r.arena = arena
	all := unsafe.String(unsafe.SliceData(arena), len(arena)) // the arena does not change while the record waits
	r.RequestID = all[:len(e.RequestID)]
	r.Method = all[len(e.RequestID):method]
	r.Prefix, r.Rest = all[method:], ""
}

// attrs appends the fields of the line.
func (r *record) attrs(to *slog.Record) {
	to.AddAttrs(
		slog.String("request_id", r.RequestID),
		slog.String("model", r.Model),
		slog.String("version", r.Version),
		slog.Uint64("generation", r.Generation),
		slog.String("decision", r.Decision),
		slog.String("method", r.Method),
		slog.String("path", r.Prefix),
		slog.Int("status", r.Status),
		slog.Float64("duration_seconds", r.Duration.Seconds()),
		slog.Float64("upstream_seconds", r.Upstream.Seconds()),
		slog.Int64("bytes_in", r.BytesIn),
		slog.Int64("bytes_out", r.BytesOut),
	)
	if r.Fault != "" {
		to.AddAttrs(slog.String("fault", r.Fault))
	}
	if r.TraceID != [16]byte{} {
		to.AddAttrs(slog.String("trace_id", hex.EncodeToString(r.TraceID[:])))
	}
	if r.Client.IsValid() {
		to.AddAttrs(slog.String("client", r.Client.String()))
	}
}
