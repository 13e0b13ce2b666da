package monitor

import (
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/weir-gateway/weir/monitor/tabular"
	"github.com/weir-gateway/weir/protocol"
)

// What becomes of a label.
const (
	labelJoined     = "joined"
	labelUnknown    = "unknown_id"
	labelNotSampled = "not_sampled" // its request is one of those that the monitor leaves out
	labelExpired    = "expired"
	labelDuplicate  = "duplicate"
	labelWrongType  = "wrong_type"
	labelNoRow      = "no_such_row"
	labelBadSource  = "bad_source"
	labelFull       = "too_many_versions"
	labelEvicted    = "evicted"   // a prediction, not a label: it had to go before its time
	labelReusedID   = "reused_id" // a prediction whose id came again

	labelEvictedCopy = "evicted_copy" // as evicted: a shadow's prediction
)

// maxBadLabels is how many bad entries an answer names.
const maxBadLabels = 10

// Label is what a prediction should have been. It comes later than the prediction.
type Label struct {
	RequestID string `json:"request_id"`
	Label     any    `json:"label"`            // a number, a string, a bool, or a list of them, one a row
	Row       *int   `json:"row,omitempty"`    // from 0; needed where the request had several rows and label is no list
	Source    string `json:"source,omitempty"` // truth (default), human or other
}

// Feedback says what became of labels.
type Feedback struct {
	Labels   int            `json:"labels"`   // rows labelled, or tried to
	Outcomes map[string]int `json:"outcomes"` // joined, unknown_id, not_sampled, expired, duplicate, wrong_type, no_such_row, bad_source, too_many_versions
	Bad      []BadLabel     `json:"bad"`      // the first ten that were not joined
}

// BadLabel is an entry that was not joined.
type BadLabel struct {
	Entry     int    `json:"entry"` // from 0
	RequestID string `json:"request_id"`
	Outcome   string `json:"outcome"`
}

// Sources lists who a label can be from.
func Sources() []string { return []string{"truth", "human", "other"} }

// Label joins labels with the predictions they are for. Each entry stands alone: a
// bad one is counted and named, and the others count.
func (m *Monitor) Label(labels []Label) Feedback {
	out := Feedback{Outcomes: map[string]int{}, Bad: []BadLabel{}}
	for i := range labels {
		l := &labels[i]
		version, outcomes := m.label(l)
		for _, outcome := range outcomes {
			out.Labels++
			out.Outcomes[outcome]++
			m.countLabel(version, outcome)
			if outcome != labelJoined && len(out.Bad) < maxBadLabels {
				out.Bad = append(out.Bad, BadLabel{Entry: i, RequestID: l.RequestID, Outcome: outcome})
			}
		}
	}
	return out
}

func (m *Monitor) countLabel(version, outcome string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.labels.results[version] == nil {
		version = "" // so that names of versions stay as few as there are results
	}
	m.labels.counts[labelCount{version, outcome}]++
}

// LabelCounts calls yield with the labels counted so far; version is empty where
// there is no prediction, or no result of its version yet.
func (m *Monitor) LabelCounts(yield func(version, outcome string, n uint64)) {
	m.mu.Lock()
	counts := maps.Clone(m.labels.counts)
	m.mu.Unlock()
	for k, n := range counts {
		yield(k.version, k.outcome, n)
	}
}

// label joins one entry; the lock is held for one entry only, so that a large batch
// does not stop the workers.
func (m *Monitor) label(l *Label) (version string, outcomes []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	source := -1
	for i, s := range Sources() {
		if l.Source == s || l.Source == "" && i == 0 {
			source = i
		}
	}
	if source < 0 {
		return "", []string{labelBadSource}
	}
	m.labelCopies(l, source)
	k, outcome := m.labels.find(m, m.labels.hash(l.RequestID))
	if k != nil {
		return k.version, m.joinRows(k, source, l)
	}
	if outcome == labelUnknown && m.o.leftOut(l.RequestID) {
		outcome = labelNotSampled
	}
	return "", []string{outcome}
}

// labelCopies joins the entry with the shadows' own predictions for the same request.
// What becomes of that is counted by version; the answer to the caller is about the
// predictions that clients got.
func (m *Monitor) labelCopies(l *Label, source int) {
	b := m.labels
	for _, version := range slices.Sorted(maps.Keys(b.copied)) {
		k, outcome := b.find(m, b.hashOfCopy(l.RequestID, version))
		if outcome == labelUnknown {
			continue // not copied to it, or its answer is still to come
		}
		outcomes := []string{outcome}
		if k != nil {
			outcomes = m.joinRows(k, source, l)
		}
		if b.results[version] == nil {
			version = ""
		}
		for _, outcome := range outcomes {
			b.counts[labelCount{version, outcome}]++
		}
	}
}

// joinRows joins an entry with a request's predictions: one row of it, or all.
func (m *Monitor) joinRows(k *kept, source int, l *Label) (outcomes []string) {
	values, isList := l.Label.([]any)
	if !isList {
		row := 0
		if l.Row != nil {
			row = *l.Row
		} else if len(k.rows) != 1 {
			return []string{labelNoRow}
		}
		return []string{m.join(k, row, source, l.Label)}
	}
	if len(values) != len(k.rows) || l.Row != nil {
		return []string{labelNoRow}
	}
	for row, value := range values {
		outcomes = append(outcomes, m.join(k, row, source, value))
	}
	return outcomes
}

func (b *labelBook) find(m *Monitor, key uint64) (*kept, string) {
	e := b.index[key]
	if e == nil {
		return nil, labelUnknown
	}
	k := e.Value.(*kept)
	if m.o.Now().Sub(k.at) > m.o.LabelTTL {
		return nil, labelExpired
	}
	return k, ""
}

// join counts the label of one row.
func (m *Monitor) join(k *kept, row, source int, value any) string {
	if row < 0 || row >= len(k.rows) {
		return labelNoRow
	}
	r := &k.rows[row]
	if r.labelled&(1<<source) != 0 {
		return labelDuplicate
	}
	pair, ok := newPair(r, value)
	if !ok {
		return labelWrongType
	}
	v := m.labels.quality(m, k.version)
	if v == nil {
		return labelFull
	}
	r.labelled |= 1 << source
	if row == 0 && source == 0 && k.tell != nil {
		k.tell(pair.truth())
	}
	m.o.score(r, &pair)
	if source == 0 && pair.scored {
		v.scores.learn(r.score, pair.positive)
	}
	v.add("", source, pair)
	for _, s := range k.shared {
		v.add(s, source, pair)
	}
	for _, s := range r.slices {
		v.add(s, source, pair)
	}
	return labelJoined
}

// pair is a prediction and its label, in the forms in which they can be compared.
type pair struct {
	numeric           bool
	predicted, actual float64 // when numeric
	class, label      string
	scored, positive  bool // it has a score, and the label is the positive class
	score             float64
}

// score adds the score of the row, where the label says which class it is of.
func (o *Options) score(r *keptRow, p *pair) {
	if !r.score.ok {
		return
	}
	p.score = r.score.score
	if !r.score.apart { // the prediction is the score
		p.scored, p.positive = p.actual == 0 || p.actual == 1, p.actual == 1
		return
	}
	p.positive, p.scored = o.isPositive([]byte(p.label))
}

// Truth is what a label says about a prediction.
type Truth uint8

// The truths. TruthNumber: the prediction is a number that is no class, such as a
// price, so that it is neither right nor wrong.
const (
	TruthRight Truth = iota
	TruthWrong
	TruthNumber
)

// truth compares classes; a score in [0,1] stands for the side of ½ that it is on
// where the label is 0 or 1.
func (p *pair) truth() Truth {
	right := p.class == p.label
	if p.numeric {
		isWhole := p.predicted == math.Trunc(p.predicted) && p.actual == math.Trunc(p.actual)
		isScore := p.predicted >= 0 && p.predicted <= 1 && (p.actual == 0 || p.actual == 1)
		switch {
		case isWhole:
			right = p.predicted == p.actual
		case isScore:
			right = (p.predicted >= 0.5) == (p.actual == 1)
		default:
			return TruthNumber
		}
	}
	if right {
		return TruthRight
	}
	return TruthWrong
}

// newPair makes label comparable with the prediction: text with text, numbers with
// numbers or bools. Anything else is the wrong type.
func newPair(r *keptRow, label any) (p pair, ok bool) {
	switch l := label.(type) {
	case bool:
		p.actual = 0
		if l {
			p.actual = 1
		}
		p.label, p.numeric = strconv.FormatBool(l), true
	case float64:
		if math.IsNaN(l) || math.IsInf(l, 0) {
			return p, false
		}
		p.actual, p.numeric = l, true
		p.label = string(tabular.AppendNumber(nil, l))
	case string:
		p.label = l
	default:
		return p, false
	}
	switch r.kind {
	case protocol.Number:
		p.predicted = r.number
		p.class = string(tabular.AppendNumber(nil, r.number))
		if _, isBool := label.(bool); isBool {
			p.label = string(tabular.AppendNumber(nil, p.actual))
		}
		return p, p.numeric
	case protocol.Text:
		_, isNumber := label.(float64)
		p.class, p.numeric = r.text, false
		return p, !isNumber
	}
	return p, false
}
