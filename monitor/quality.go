package monitor

import (
	"hash/maphash"
	"maps"
	"math"

	"github.com/weir-gateway/weir/monitor/quality"
)

func (b *labelBook) hash(id string) uint64 { return maphash.String(b.seed, id) }

func (b *labelBook) hashOfCopy(id, version string) uint64 {
	var h maphash.Hash
	h.SetSeed(b.copySeed)    // so that no id is another's copy
	_, _ = h.WriteString(id) // never fails
	_ = h.WriteByte(0)
	_, _ = h.WriteString(version)
	return h.Sum64()
}

// versionQuality is what labels said about a version: by slice, then source. The
// slices are the monitor's own, and so as bounded as they are.
type versionQuality struct {
	slices map[string]*[3]pairs
	scores scoreQuality
}

// pairs counts the pairs of one version, slice and source.
type pairs struct {
	n       uint64
	numbers uint64 // of them, both numeric
	whole   uint64 // of them, classes: text, or whole numbers on both sides
	classes quality.Classes
	errors  quality.Errors
	scores  *quality.Scores // made with the first; a binary label and a number in [0,1]
}

// quality returns a version's results. Where there are too many, those of a version
// that the monitor no longer knows make room.
func (b *labelBook) quality(m *Monitor, version string) *versionQuality {
	if v := b.results[version]; v != nil {
		return v
	}
	for name := range b.results {
		if len(b.results) >= m.o.MaxVersions && m.versions[name] == nil {
			delete(b.results, name)
			maps.DeleteFunc(b.counts, func(k labelCount, _ uint64) bool { return k.version == name })
		}
	}
	if len(b.results) >= m.o.MaxVersions {
		return nil
	}
	v := &versionQuality{slices: map[string]*[3]pairs{}}
	b.results[version] = v
	return v
}

func (v *versionQuality) add(slice string, source int, p pair) {
	s := v.slices[slice]
	if s == nil {
		s = &[3]pairs{}
		v.slices[slice] = s
	}
	s[source].add(p)
}

func (q *pairs) add(p pair) {
	q.n++
	if p.scored {
		if q.scores == nil {
			q.scores = &quality.Scores{}
		}
		q.scores.Add(p.score, p.positive)
	}
	if !p.numeric {
		q.whole++
		q.classes.Add(p.class, p.label)
		return
	}
	q.numbers++
	q.errors.Add(p.predicted, p.actual)
	if p.predicted == math.Trunc(p.predicted) && p.actual == math.Trunc(p.actual) {
		q.whole++
		q.classes.Add(p.class, p.label)
	}
}

// Quality is what the labels of one source said. A part is there when it fits every
// label: classes when predictions and labels are text or whole numbers, scores when
// labels are binary and predictions are in [0,1], errors when both are numbers.
type Quality struct {
	Labels  uint64            `json:"labels"`
	Classes *QualityOfClasses `json:"classes,omitempty"`
	Scores  *QualityOfScores  `json:"scores,omitempty"`
	Errors  *QualityOfNumbers `json:"errors,omitempty"`
}

// QualityOfClasses compares classes.
type QualityOfClasses struct {
	Accuracy float64                 `json:"accuracy"`
	Classes  map[string]ClassQuality `json:"classes"`
}

// ClassQuality is that of one class; null is what has no case to be computed from.
type ClassQuality struct {
	Precision *float64 `json:"precision"`
	Recall    *float64 `json:"recall"`
	F1        *float64 `json:"f1"`
	Actual    uint64   `json:"actual"`
}

// QualityOfScores compares scores with binary labels.
type QualityOfScores struct {
	Accuracy         float64  `json:"accuracy"` // at ½
	AUC              *float64 `json:"auc"`      // null without a positive and a negative
	AUCWithin        *float64 `json:"auc_within"`
	LogLoss          float64  `json:"log_loss"`
	Brier            float64  `json:"brier"`
	CalibrationError float64  `json:"calibration_error"`
}

// QualityOfNumbers compares numbers.
type QualityOfNumbers struct {
	MAE  float64 `json:"mae"`
	RMSE float64 `json:"rmse"`
	Bias float64 `json:"bias"`
}

// qualityOf returns what is known of a version's slice by source; nil: no label yet.
func (m *Monitor) qualityOf(version, slice string) map[string]Quality {
	v := m.labels.results[version]
	if v == nil || v.slices[slice] == nil {
		return nil
	}
	out := map[string]Quality{}
	for i, source := range Sources() {
		if q := &v.slices[slice][i]; q.n > 0 {
			out[source] = q.summary()
		}
	}
	return out
}

func (q *pairs) summary() Quality {
	out := Quality{Labels: q.n}
	if q.whole == q.n {
		c := &QualityOfClasses{Accuracy: q.classes.Accuracy(), Classes: map[string]ClassQuality{}}
		for _, name := range q.classes.Names() {
			k := q.classes.Of(name)
			c.Classes[name] = ClassQuality{
				Precision: orNull(k.Precision()), Recall: orNull(k.Recall()), F1: orNull(k.F1()), Actual: k.Actual,
			}
		}
		out.Classes = c
	}
	if s := q.scores; s != nil && s.Count() == q.n {
		auc, within := s.AUC()
		out.Scores = &QualityOfScores{
			Accuracy: s.Accuracy(), AUC: orNull(auc), AUCWithin: orNull(within),
			LogLoss: s.LogLoss(), Brier: s.Brier(), CalibrationError: s.CalibrationError(),
		}
	}
	if q.numbers == q.n && q.errors.Count() == q.n {
		out.Errors = &QualityOfNumbers{MAE: q.errors.MAE(), RMSE: q.errors.RMSE(), Bias: q.errors.Bias()}
	}
	return out
}

func orNull(f float64) *float64 {
	if math.IsNaN(f) {
		return nil
	}
	return &f
}

// Qualities returns what labels said, by version and source.
func (m *Monitor) Qualities() map[string]map[string]Quality {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]map[string]Quality{}
	for version := range m.labels.results {
		out[version] = m.qualityOf(version, "")
	}
	return out
}

// Metrics returns the numbers by name. Accuracy is that of classes, or of scores at ½.
func (q *Quality) Metrics() map[string]float64 {
	out := map[string]float64{}
	if s := q.Scores; s != nil {
		out["accuracy"], out["log_loss"], out["brier"], out["calibration_error"] = s.Accuracy, s.LogLoss, s.Brier, s.CalibrationError
		if s.AUC != nil {
			out["auc"] = *s.AUC
		}
	}
	if q.Classes != nil {
		out["accuracy"] = q.Classes.Accuracy
	}
	if e := q.Errors; e != nil {
		out["mae"], out["rmse"], out["bias"] = e.MAE, e.RMSE, e.Bias
	}
	return out
}
