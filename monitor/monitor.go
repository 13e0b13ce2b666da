package monitor

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-gateway/weir/monitor/tabular"
	"github.com/weir-gateway/weir/protocol"
)

// ErrUnknown says that the version or the slice has no observations.
var ErrUnknown = errors.New("monitor: no observations")

// Monitor watches one model. Its methods are safe for concurrent use.
type Monitor struct {
	o       Options
	fields  []sliceField
	headers int // how many of the fields are headers
	drops   drops

	gate   sync.RWMutex // Offer reads, Close writes: nothing is queued once closed is set
	closed bool
	queue  chan *Exchange
	bytes  atomic.Int64 // in the queue

	unnamed atomic.Uint64 // exchanges without an id
	wait    sync.WaitGroup

	mu         sync.Mutex // guards what is below; held by a worker for one exchange, by readers for one answer
	references map[string]*reference
	versions   map[string]*version
	budget     budget
	stable     string
	pass       pass
	labels     *labelBook
}

// New starts the workers of a Monitor; Close ends them.
func New(o Options) *Monitor {
	m := newIdle(o)
	for range m.o.Workers {
		m.wait.Go(m.work)
	}
	return m
}

// newIdle makes a Monitor without workers, for who observes by hand.
func newIdle(o Options) *Monitor {
	o = o.withDefaults()
	m := &Monitor{
		o: o, queue: make(chan *Exchange, o.Queue),
		references: map[string]*reference{}, versions: map[string]*version{},
		labels: newLabelBook(o), budget: budget{max: o.MaxMemory},
	}
	m.fields, m.headers = parseSlices(o.Slices)
	m.pass.rng = rand.NewPCG(o.Seed, 0x77656972)
	m.drops.add(dropQueueFull, 0)
	m.drops.add(dropQueueBytes, 0)
	m.drops.add(dropThinned, 0)
	return m
}

// Offer hands x over and reports whether it was accepted. It never blocks; a
// refusal is counted under its reason. One that Options.Sample leaves out is not
// accepted and not dropped.
func (m *Monitor) Offer(x *Exchange) bool {
	reason := m.passes(x)
	if reason == "" {
		reason = m.enqueue(x)
	}
	switch reason {
	case "":
		return true
	case notSampled:
		m.o.Cost.leftOut.Add(1)
	default:
		m.drops.add(reason, 1)
	}
	if x.Done != nil {
		x.Done()
	}
	return false
}

func (m *Monitor) enqueue(x *Exchange) (refused string) {
	m.gate.RLock()
	defer m.gate.RUnlock()
	if m.closed {
		return dropClosed
	}
	size := x.size()
	if m.bytes.Add(size) > m.o.QueueBytes {
		m.bytes.Add(-size)
		return dropQueueBytes
	}
	select {
	case m.queue <- x:
		return ""
	default:
		m.bytes.Add(-size)
		return dropQueueFull
	}
}

func (x *Exchange) size() int64 {
	return int64(len(x.Request.Bytes) + len(x.Response.Bytes) + len(x.Primary.Bytes))
}

// Close refuses further exchanges, handles those already queued and waits.
func (m *Monitor) Close() {
	m.gate.Lock()
	first := !m.closed
	m.closed = true
	m.gate.Unlock()
	if first {
		close(m.queue)
	}
	m.wait.Wait()
}

// SetProfile makes p the version's reference; nil takes it away. The version's
// state starts anew unless p has the same content as the profile it already has. A
// profile that does not pass Validate is refused and changes nothing.
func (m *Monitor) SetProfile(version string, p *Profile) error {
	var r *reference
	if p != nil {
		var err error
		if r, err = newReference(p, referenceProfile); err != nil {
			return fmt.Errorf("monitor: %s: profile of version %s: %w", m.o.Model, version, err)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.setReference(version, r)
	return nil
}

func (m *Monitor) setReference(version string, r *reference) {
	old := m.references[version]
	if r.same(old) {
		return
	}
	if r == nil {
		delete(m.references, version)
	} else {
		m.references[version] = r
	}
	m.budget.used += r.size() - old.size()
	m.drop(version)
}

// drop gives up the state of a version.
func (m *Monitor) drop(version string) {
	if v := m.versions[version]; v != nil {
		v.account.close()
		delete(m.versions, version)
	}
}

// SetStable names the version that serves by default, the reference of the others
// under Options.FollowStable. Their references are taken anew when it changes.
func (m *Monitor) SetStable(version string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stable == version {
		return
	}
	m.stable = version
	for name, r := range m.references {
		if r.kind == referenceStable {
			m.setReference(name, nil)
		}
	}
}

// Forget drops the state and the reference of a version.
func (m *Monitor) Forget(version string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.setReference(version, nil)
	m.drop(version)
}

// Versions returns the versions with a state, sorted.
func (m *Monitor) Versions() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.names()
}

func (m *Monitor) names() []string {
	names := make([]string, 0, len(m.versions))
	for name := range m.versions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// version returns the state of a version, making one if there is room: when the
// versions or their bytes are too many, those that have been idle for a window make
// room. Without room it counts and returns nil.
func (m *Monitor) version(name string, now time.Time) *version {
	if v, ok := m.versions[name]; ok {
		v.last = now
		return v
	}
	if len(m.versions) >= m.o.MaxVersions && !m.evict(now) {
		m.drops.add(dropVersions, 1)
		return nil
	}
	v, err := newVersion(m, name, now)
	for err != nil && m.evict(now) {
		v, err = newVersion(m, name, now)
	}
	if err != nil {
		m.drops.add(dropMemoryVersions, 1)
		return nil
	}
	m.versions[name] = v
	return v
}

func (m *Monitor) evict(now time.Time) bool {
	var oldest *version
	for _, v := range m.versions {
		if oldest == nil || v.last.Before(oldest.last) {
			oldest = v
		}
	}
	if oldest == nil || now.Sub(oldest.last) < m.o.Window {
		return false
	}
	m.drop(oldest.name)
	m.drops.add(dropEvicted, 1)
	return true
}

// pass is the working memory of one exchange, reused under Monitor.mu.
type pass struct {
	rng         *rand.PCG
	seq         uint64 // of exchanges, to notice what this one has touched
	now, at     time.Time
	observation uint64 // of the row at hand, from 1, in the state at hand
	scratch     []byte
	cells       [2][]protocol.Cell // of derived features: inputs, outputs
	alarms      []Alarm
}

// uniform returns a random number in [0,1).
func (p *pass) uniform() float64 { return float64(p.rng.Uint64()>>11) * 0x1p-53 }

// label returns a cell's text as a category: numbers in their shortest form.
func (p *pass) label(c *protocol.Cell) []byte {
	switch c.Kind {
	case protocol.Text:
		return c.Text
	case protocol.Number:
		p.scratch = tabular.AppendNumber(p.scratch[:0], c.Number)
		return p.scratch
	}
	return nil
}
