package proxy

import (
	"net/http"
	"sync/atomic"
	"time"
)

// date is the Date field of the present second. An answer must have one (RFC
// 9110, 6.6.1): Weir's own, and one from an upstream that sent none.
type date struct {
	now  func() time.Time
	line atomic.Pointer[dateLine]
}

type dateLine struct {
	second int64
	text   []byte // with its CR LF
}

// append appends the field line. It formats once a second.
func (d *date) append(dst []byte) []byte {
	at := d.now()
	l := d.line.Load()
	if second := at.Unix(); l == nil || l.second != second {
		l = &dateLine{second, append(at.UTC().AppendFormat([]byte("Date: "), http.TimeFormat), '\r', '\n')}
		d.line.Store(l)
	}
	return append(dst, l.text...)
}
