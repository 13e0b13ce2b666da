package monitor

import (
	"bytes"
	"container/list"
	"hash/maphash"
	"time"

	"github.com/weir-gateway/weir/protocol"
)

// labelRows of one request wait for labels; those after it get none.
const labelRows = 1024

// labelBook keeps predictions by the hash of their request's id until labels come,
// oldest out first, and what the labels said. Guarded by Monitor.mu.
type labelBook struct {
	max      int
	maxBytes int64
	seed     maphash.Seed
	copySeed maphash.Seed // of the keys of copies
	index    map[uint64]*list.Element
	answers  shelf          // predictions that clients got
	copies   shelf          // those of shadows, which so push out no client's
	copied   map[string]int // copies that wait, by version: few, so that a label can look for each
	results  map[string]*versionQuality
	counts   map[labelCount]uint64
}

// shelf is predictions that wait.
type shelf struct {
	order list.List // of *kept, oldest first
	bytes int64
}

type labelCount struct{ version, outcome string }

// kept is one request's predictions.
type kept struct {
	key     uint64
	at      time.Time
	version string
	copy    bool     // the version was a shadow of the request
	shared  []string // slices of all its rows: by header
	rows    []keptRow
	tell    func(Truth) // what the truth of the first row is to be told; nil: nobody
	bytes   int64
}

type keptRow struct {
	kind     protocol.Kind
	number   float64
	text     string
	score    scored
	slices   []string // by input field
	labelled uint8    // a bit a source
}

func newLabelBook(o Options) *labelBook {
	return &labelBook{
		max: o.LabelMax, maxBytes: o.LabelBytes,
		seed: maphash.MakeSeed(), copySeed: maphash.MakeSeed(), index: map[uint64]*list.Element{}, copied: map[string]int{},
		results: map[string]*versionQuality{}, counts: map[labelCount]uint64{},
	}
}

// keep remembers the predictions of a request that had an answer. A copy has the id
// of the client's own request, and is kept by its version too.
func (b *labelBook) keep(v *version, x *Exchange, d decoded, p *pass) {
	a := v.m.o.answerOf(d.out)
	if x.RequestID == "" || a.class == nil {
		return
	}
	k := &kept{key: b.hash(x.RequestID), at: p.at, version: x.Version, copy: x.Shadow, bytes: 256}
	if x.Shadow {
		k.key = b.hashOfCopy(x.RequestID, x.Version)
	}
	if old := b.index[k.key]; old != nil { // an id that is used again: nobody knows which one a label means
		b.remove(old)
		if !x.Shadow { // the copies of it are no faults more
			b.counts[labelCount{"", labelReusedID}]++
		}
	}
	for i, field := range v.m.fields {
		if field.header >= 0 {
			k.shared = append(k.shared, v.sliceName(i, headerValue(x, field.header)))
		}
	}
	cells := a.class.Cells
	k.rows = make([]keptRow, 0, min(len(cells), labelRows))
	for row := range cells[:cap(k.rows)] {
		r := keptRow{kind: cells[row].Kind, number: cells[row].Number, text: string(cells[row].Text), score: a.row(&v.m.o, row, p)}
		for i, field := range v.m.fields {
			if field.header < 0 && d.in != nil && row < d.in.Rows {
				r.slices = append(r.slices, v.sliceName(i, fieldValue(d.in, field.name, row, p)))
			}
		}
		k.rows = append(k.rows, r)
		k.bytes += 120 + int64(len(r.text)) + sizeOf(r.slices)
	}
	k.bytes += sizeOf(k.shared)
	if v.m.o.OnKept != nil && !x.Shadow {
		k.tell = v.m.o.OnKept(x)
	}
	b.add(k)
}

// add puts predictions on their shelf, and takes the oldest off where it is full.
func (b *labelBook) add(k *kept) {
	s, evicted := b.shelfOf(k), labelEvicted
	if k.copy {
		evicted = labelEvictedCopy
		b.copied[k.version]++
	}
	b.index[k.key] = s.order.PushBack(k)
	s.bytes += k.bytes
	for s.order.Len() > b.max || s.bytes > b.maxBytes {
		b.counts[labelCount{"", evicted}]++
		b.remove(s.order.Front())
	}
}

func (b *labelBook) shelfOf(k *kept) *shelf {
	if k.copy {
		return &b.copies
	}
	return &b.answers
}

func sizeOf(names []string) (n int64) {
	for _, s := range names {
		n += 16 + int64(len(s))
	}
	return n
}

func (b *labelBook) remove(e *list.Element) {
	k := e.Value.(*kept)
	s := b.shelfOf(k)
	s.order.Remove(e)
	s.bytes -= k.bytes
	delete(b.index, k.key)
	if !k.copy {
		return
	}
	if b.copied[k.version]--; b.copied[k.version] == 0 {
		delete(b.copied, k.version)
	}
}

// sliceName is the slice in which the monitor has observed the value.
func (v *version) sliceName(i int, value []byte) string {
	dict := v.slices[i].dict
	return v.m.fields[i].name + "=" + dict.Name(dict.Index(value))
}

// fieldValue is the value of an input field by which a row was sliced.
func fieldValue(in *protocol.Batch, name string, row int, p *pass) []byte {
	for k := range in.Columns {
		if in.Columns[k].Name == name {
			if l := p.label(&in.Columns[k].Cells[row]); l != nil {
				return bytes.Clone(l)
			}
		}
	}
	return []byte("(missing)")
}
