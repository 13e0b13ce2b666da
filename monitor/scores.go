package monitor

import (
	"bytes"

	"github.com/weir-gateway/weir/monitor/quality"
	"github.com/weir-gateway/weir/protocol"
)

// answer is where an answer has its prediction and its score.
type answer struct {
	class *protocol.Column // what labels are compared with
	score *protocol.Column // the probability of the positive class; nil: none
	apart bool             // the score is an output of its own
}

// answerOf finds them: the prediction is the first output that is not the score, or the
// score where there is no other.
func (o *Options) answerOf(out *protocol.Batch) (a answer) {
	if out == nil || len(out.Columns) == 0 {
		return a
	}
	a.class = &out.Columns[0]
	if o.Score == "" {
		a.score = a.class
		return a
	}
	a.score = columnOf(out, o.Score)
	for k := range out.Columns {
		if out.Columns[k].Name != o.Score {
			a.class, a.apart = &out.Columns[k], true
			break
		}
	}
	return a
}

// scored is a binary prediction with the probability of its positive class.
type scored struct {
	ok, apart bool
	score     float64
	positive  bool // predicted
}

// row reads the score of a row; not ok where there is none, or nobody knows which
// class is positive.
func (a *answer) row(o *Options, row int, p *pass) (s scored) {
	if a.score == nil || row >= len(a.score.Cells) {
		return s
	}
	c := &a.score.Cells[row]
	if c.Kind != protocol.Number || !(c.Number >= 0 && c.Number <= 1) {
		return s
	}
	s.score, s.apart = c.Number, a.apart
	if !a.apart {
		s.positive, s.ok = c.Number >= 0.5, true
	} else if row < len(a.class.Cells) {
		s.positive, s.ok = o.isPositive(p.label(&a.class.Cells[row]))
	}
	return s
}

// isPositive tells whether a class is the positive one: the one configured, or the
// natural one.
func (o *Options) isPositive(class []byte) (positive, known bool) {
	if o.Positive != "" {
		return string(class) == o.Positive, len(class) > 0
	}
	for _, words := range [...][2]string{{"1", "0"}, {"true", "false"}, {"yes", "no"}, {"positive", "negative"}} {
		switch {
		case bytes.EqualFold(class, []byte(words[0])):
			return true, true
		case bytes.EqualFold(class, []byte(words[1])):
			return false, true
		}
	}
	return false, false
}

// estimate counts the rows of an answer by their scores, for an accuracy without
// labels.
func (v *version) estimate(d decoded, p *pass) {
	a := v.m.o.answerOf(d.out)
	if a.class == nil || v.unscored {
		return
	}
	for row := range a.class.Cells {
		s := a.row(&v.m.o, row, p)
		if !s.ok {
			// A number that is no score: this is a regression.
			v.unscored = !a.apart && a.class.Cells[row].Kind == protocol.Number
			continue
		}
		v.fractional = v.fractional || s.score > 0 && s.score < 1
		if v.whole.unlabelled == nil {
			v.whole.unlabelled = &[panes]quality.Unlabelled{}
		}
		v.whole.unlabelled[v.whole.pane].Add(s.score, s.positive)
	}
}

// QualityEstimate is how good the predictions of the window are expected to be, by
// their scores: without their labels, but calibrated by those of earlier ones.
type QualityEstimate struct {
	Method     string   `json:"method"` // cbpe
	Rows       uint64   `json:"rows"`
	Calibrated uint64   `json:"calibrated"` // of them, with a score that labels have calibrated; the others are believed
	Labels     uint64   `json:"labels"`     // that calibrated
	Accuracy   float64  `json:"accuracy"`
	Low        float64  `json:"low"` // of the accuracy
	High       float64  `json:"high"`
	Level      float64  `json:"level"`     // how often low and high are right, where scores are still worth what they were
	Precision  *float64 `json:"precision"` // of the positive class; null without a case to compute it from
	Recall     *float64 `json:"recall"`
	F1         *float64 `json:"f1"`

	Checked *EstimateCheck `json:"checked,omitempty"` // nothing before the first label
}

// EstimateCheck compares what was expected of predictions with what their labels said,
// each expected before its own label was known.
type EstimateCheck struct {
	Labels   uint64  `json:"labels"`
	Expected float64 `json:"expected"` // accuracy
	Actual   float64 `json:"actual"`
}

// estimateLevel is that of the band in monitor/quality.
const estimateLevel = 0.95

// qualityEstimate is that of the window; nil where the version has no scores in it.
func (v *version) qualityEstimate() *QualityEstimate {
	if v.whole.unlabelled == nil || v.unscored || !v.fractional {
		return nil
	}
	var window quality.Unlabelled
	for i := range v.whole.unlabelled {
		window.Merge(&v.whole.unlabelled[i])
	}
	learnt := &scoreQuality{}
	if q := v.m.labels.results[v.name]; q != nil {
		learnt = &q.scores
	}
	e := window.Estimate(&learnt.calibration)
	if e.Rows == 0 {
		return nil
	}
	out := &QualityEstimate{
		Method: "cbpe", Rows: e.Rows, Calibrated: e.Calibrated, Labels: learnt.calibration.Labels(),
		Accuracy: e.Accuracy, Low: e.Low, High: e.High, Level: estimateLevel,
		Precision: orNull(e.Precision), Recall: orNull(e.Recall), F1: orNull(e.F1),
	}
	if n := float64(learnt.n); n > 0 {
		out.Checked = &EstimateCheck{Labels: learnt.n, Expected: learnt.expected / n, Actual: float64(learnt.right) / n}
	}
	return out
}

// scoreQuality is what labels of source truth taught about a version's scores.
type scoreQuality struct {
	calibration quality.Calibration
	n, right    uint64
	expected    float64 // Σ of the probability to be right, each before its label
}

// learn takes the label of a scored prediction.
func (q *scoreQuality) learn(s scored, positive bool) {
	q.n++
	q.expected += q.calibration.Right(s.score, s.positive)
	if s.positive == positive {
		q.right++
	}
	q.calibration.Add(s.score, positive)
}
