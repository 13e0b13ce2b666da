package quality

import "math"

const (
	scoreBins       = 256
	calibrationBins = 10
	clip            = 0x1p-52 // as scikit-learn does for 64-bit numbers
)

// Scores sums scores of a binary label. The zero value is ready.
type Scores struct {
	n, right    uint64
	brier, loss float64
	bins        [scoreBins][2]uint64 // by score, then label
	calibration [calibrationBins]struct {
		n, positive uint64
		score       float64
	}
}

// Add counts a pair; false, and nothing is counted, for a score outside [0,1].
func (s *Scores) Add(score float64, label bool) bool {
	if !(score >= 0 && score <= 1) {
		return false
	}
	s.n++
	y := 0
	if label {
		y = 1
	}
	if (score >= 0.5) == label {
		s.right++
	}
	e := score - float64(y)
	s.brier += e * e
	p := min(max(score, clip), 1-clip)
	if !label {
		p = 1 - p
	}
	s.loss -= math.Log(p)
	s.bins[bin(score, scoreBins)][y]++
	c := &s.calibration[bin(score, calibrationBins)]
	c.n++
	c.positive += uint64(y)
	c.score += score
	return true
}

func bin(score float64, of int) int { return min(int(score*float64(of)), of-1) }

// Merge adds the counts of o.
func (s *Scores) Merge(o *Scores) {
	s.n += o.n
	s.right += o.right
	s.brier += o.brier
	s.loss += o.loss
	for i := range s.bins {
		s.bins[i][0] += o.bins[i][0]
		s.bins[i][1] += o.bins[i][1]
	}
	for i := range s.calibration {
		s.calibration[i].n += o.calibration[i].n
		s.calibration[i].positive += o.calibration[i].positive
		s.calibration[i].score += o.calibration[i].score
	}
}

// Count is the number of pairs.
func (s *Scores) Count() uint64 { return s.n }

// Accuracy is the share of pairs on the right side of ½.
func (s *Scores) Accuracy() float64 { return ratio(s.right, s.n) }

// Brier is the mean squared distance of the score from the label.
func (s *Scores) Brier() float64 { return s.brier / float64(s.n) }

// LogLoss is the mean negative logarithm of the label's probability.
func (s *Scores) LogLoss() float64 { return s.loss / float64(s.n) }

// CalibrationError is the expected calibration error over ten bins.
func (s *Scores) CalibrationError() float64 {
	if s.n == 0 {
		return math.NaN()
	}
	sum := 0.0
	for i := range s.calibration {
		sum += math.Abs(float64(s.calibration[i].positive) - s.calibration[i].score)
	}
	return sum / float64(s.n)
}

// AUC is the probability that a positive scores above a negative, and how far that
// can be from the exact value because of the bins.
func (s *Scores) AUC() (auc, within float64) {
	var below, above, wins, ties float64
	for i := range s.bins {
		negative, positive := float64(s.bins[i][0]), float64(s.bins[i][1])
		wins += positive * below
		ties += positive * negative
		below += negative
		above += positive
	}
	pairs := below * above
	return (wins + ties/2) / pairs, ties / 2 / pairs
}
