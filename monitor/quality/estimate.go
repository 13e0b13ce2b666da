package quality

import "math"

const (
	estimateBins = 20
	leastLabels  = 20   // of a bin, for its rate to stand for the score
	bandWidth    = 1.96 // standard errors: 95 % of a normal distribution
)

// Calibration learns from labels what scores are worth: in each bin of scores, how
// often the label was positive. The zero value is ready and believes every score.
type Calibration struct {
	bins [estimateBins]struct{ n, positive uint64 }
}

// Add counts a score with its label; false, and nothing is counted, outside [0,1].
func (c *Calibration) Add(score float64, positive bool) bool {
	if !(score >= 0 && score <= 1) {
		return false
	}
	b := &c.bins[bin(score, estimateBins)]
	b.n++
	if positive {
		b.positive++
	}
	return true
}

// Merge adds the counts of o.
func (c *Calibration) Merge(o *Calibration) {
	for i := range c.bins {
		c.bins[i].n += o.bins[i].n
		c.bins[i].positive += o.bins[i].positive
	}
}

// Labels is the number of labels.
func (c *Calibration) Labels() (n uint64) {
	for i := range c.bins {
		n += c.bins[i].n
	}
	return n
}

// Probability is what the score is worth: the share of positives in its bin, or the
// score itself where the bin has too few labels.
func (c *Calibration) Probability(score float64) float64 {
	if b := c.bins[bin(score, estimateBins)]; b.n >= leastLabels {
		return float64(b.positive) / float64(b.n)
	}
	return score
}

// Right is the probability that a prediction is right that says positive or not.
func (c *Calibration) Right(score float64, predicted bool) float64 {
	p := c.Probability(score)
	if !predicted {
		p = 1 - p
	}
	return p
}

// Unlabelled sums predictions of a binary class with their scores, whose labels are
// not known. The zero value is ready.
type Unlabelled struct {
	bins [estimateBins][2]struct { // by score, then by predicted class
		n             uint64
		sum, variance float64 // of the raw scores: Σs, Σs(1−s)
	}
}

// Add counts a prediction; false, and nothing is counted, for a score outside [0,1].
func (u *Unlabelled) Add(score float64, predicted bool) bool {
	if !(score >= 0 && score <= 1) {
		return false
	}
	side := 0
	if predicted {
		side = 1
	}
	b := &u.bins[bin(score, estimateBins)][side]
	b.n++
	b.sum += score
	b.variance += score * (1 - score)
	return true
}

// Merge adds the sums of o.
func (u *Unlabelled) Merge(o *Unlabelled) {
	for i := range u.bins {
		for side := range 2 {
			to, from := &u.bins[i][side], &o.bins[i][side]
			to.n += from.n
			to.sum += from.sum
			to.variance += from.variance
		}
	}
}

// Estimate is how good predictions are expected to be, by their scores alone.
type Estimate struct {
	Rows       uint64
	Calibrated uint64 // of them, with a score that labels have calibrated
	Accuracy   float64
	Low, High  float64 // of the accuracy, 95 %
	Precision  float64 // of the positive class, as are the others
	Recall     float64
	F1         float64
}

// Estimate computes the expected confusion matrix: of a row whose score is worth p, p
// true positives where positive was predicted, else p false negatives, and so on.
func (u *Unlabelled) Estimate(c *Calibration) Estimate {
	var e Estimate
	var sums [2]struct{ n, positive float64 } // by predicted class
	sampling, learning := 0.0, 0.0
	for i := range u.bins {
		k := c.bins[i]
		for side := range 2 {
			b := &u.bins[i][side]
			e.Rows += b.n
			n, positive, variance := float64(b.n), b.sum, b.variance
			if k.n >= leastLabels {
				e.Calibrated += b.n
				p := float64(k.positive) / float64(k.n)
				positive, variance = n*p, n*p*(1-p)
			}
			sums[side].n += n
			sums[side].positive += positive
			sampling += variance
		}
		if k.n >= leastLabels {
			// The rate of a bin moves its rows of both classes, against each other. One
			// more of both keeps a bin without a positive from being certain.
			p := float64(k.positive+1) / float64(k.n+2)
			moved := float64(u.bins[i][1].n) - float64(u.bins[i][0].n)
			learning += moved * moved * p * (1 - p) / float64(k.n)
		}
	}
	n := float64(e.Rows)
	tp, fn := sums[1].positive, sums[0].positive
	fp, tn := sums[1].n-tp, sums[0].n-fn
	e.Accuracy = (tp + tn) / n
	e.Precision, e.Recall, e.F1 = tp/(tp+fp), tp/(tp+fn), 2*tp/(2*tp+fp+fn)
	half := bandWidth * math.Sqrt(sampling+learning) / n
	e.Low, e.High = max(e.Accuracy-half, 0), min(e.Accuracy+half, 1)
	return e
}
