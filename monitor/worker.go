package monitor

import (
	"errors"

	"github.com/weir-gateway/weir/protocol"
	"github.com/weir-gateway/weir/protocol/encoding"
)

// reader is a worker's own memory for decoding.
type reader struct {
	request, response, primary part
	codings                    *encoding.Decoder // made when a body first needs it
	label                      pass              // for its memory alone
}

// part is the memory for one of an exchange's bodies.
type part struct {
	batch protocol.Batch
	plain []byte // the body without its Content-Encoding; cells point into it
}

// decoded says which of a reader's batches hold something.
type decoded struct {
	in, out, primary *protocol.Batch
	described        bool // in and out have numbers of texts and embeddings already
}

func (m *Monitor) work() {
	var r reader
	for x := range m.queue {
		m.handle(&r, x)
	}
}

// handle observes one exchange. Whatever happens, it is taken off the queue's bytes
// and done.
func (m *Monitor) handle(r *reader, x *Exchange) {
	began := m.o.Now()
	defer func() {
		if p := recover(); p != nil {
			m.drops.add(dropPanic, 1) // a bug, here or in a decoder; traffic and the other exchanges go on
		}
		m.o.Cost.spend(m.o.Now().Sub(began))
		m.bytes.Add(-x.size())
		if x.Done != nil {
			x.Done()
		}
	}()
	x.pair = noPair
	if len(x.Noise) > 0 {
		m.noise(r, x)
		return
	}
	d := m.decode(r, x)
	for _, a := range m.observe(x, d) {
		if m.o.OnAlarm != nil {
			m.o.OnAlarm(a)
		}
	}
	if m.o.OnPair != nil && x.pair != noPair {
		m.o.OnPair(x, x.pair == agreed)
	}
	if m.o.OnSlice != nil {
		m.tellSlices(r, x, d)
	}
	if m.o.OnPrediction != nil && d.out != nil && len(d.out.Columns) > 0 {
		for _, c := range d.out.Columns[0].Cells {
			m.o.OnPrediction(x, c)
		}
	}
}

func (m *Monitor) decode(r *reader, x *Exchange) (d decoded) {
	d.in = m.read(r, &r.request, x.Request, m.o.Protocol.DecodeRequest, "request_")
	if x.Failed {
		return d
	}
	d.out = m.read(r, &r.response, x.Response, m.o.Protocol.DecodeResponse, "response_")
	if x.Shadow && len(x.Primary.Bytes) > 0 {
		d.primary = m.read(r, &r.primary, x.Primary, m.o.Protocol.DecodeResponse, "primary_")
	}
	if d.in != nil && d.out != nil && d.in.Rows != d.out.Rows && d.out.Rows > 0 {
		m.drops.add(dropRows, 1)
	}
	return d
}

// read decodes one body; nil when it could not, which is counted.
func (m *Monitor) read(r *reader, p *part, body protocol.Body, decode func(*protocol.Batch, protocol.Body) error, prefix string) *protocol.Batch {
	if len(body.Bytes) == 0 {
		m.drops.add(prefix+dropNotCaptured, 1)
		return nil
	}
	if encoding.Encoded(body.Encoding) && !m.unpack(r, p, &body) {
		return nil
	}
	b := &p.batch
	if err := decode(b, body); err != nil {
		kind := "other"
		if e := (*protocol.Error)(nil); errors.As(err, &e) {
			kind = string(e.Kind)
		}
		m.drops.add(prefix+kind, 1)
		return nil
	}
	for _, s := range b.Skipped {
		m.drops.add("skipped_"+string(s.Reason), 1)
	}
	return b
}

// largestKept is how much memory for a decoded body a worker keeps for the next.
const largestKept = 4 << 20

// unpack takes the Content-Encoding off body; where it cannot, that is counted.
func (m *Monitor) unpack(r *reader, p *part, body *protocol.Body) bool {
	if r.codings == nil {
		r.codings = encoding.New(encoding.Options{MaxSize: m.o.MaxDecoded})
	}
	if cap(p.plain) > largestKept {
		p.plain = nil
	}
	plain, err := r.codings.Decode(p.plain, body.Encoding, body.Bytes)
	p.plain = plain
	if err != nil {
		reason := encoding.Broken
		if e := (*encoding.Error)(nil); errors.As(err, &e) {
			reason = e.Kind
		}
		m.drops.add(string(reason), 1)
		return false
	}
	body.Bytes, body.Encoding = plain, ""
	return true
}

// observe updates the version's states and returns the alarms that this raised.
func (m *Monitor) observe(x *Exchange, d decoded) []Alarm {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &m.pass
	p.seq++
	p.now, p.at, p.alarms = m.o.Now(), x.At, nil
	if p.at.IsZero() {
		p.at = p.now
	}
	v := m.version(x.Version, p.now)
	if v == nil {
		return nil
	}
	m.follow(v, p.now)
	v = m.versions[x.Version] // following the stable version may have started it anew
	if v == nil {
		if v = m.version(x.Version, p.now); v == nil {
			return nil
		}
	}
	v.observe(x, d, p)
	m.labels.keep(v, x, d, p)
	return p.alarms
}
