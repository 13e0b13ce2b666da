package sequential

// Directions of a change.
const (
	Up       = "up"
	Down     = "down"
	Wider    = "wider"
	Narrower = "narrower"
	Shape    = "shape"
)

// Finding describes the change behind an alarm. Size has an approximate 95 %
// interval from the observations since the change probably began, as if that moment
// had been known in advance, and the reference's own uncertainty.
type Finding struct {
	Began         uint64 // how many of the detector's observations ago, at least 1
	Direction     string
	Group         int // Categories: the group that moved; else 0
	Size          float64
	Low, High     float64
	EvidenceLog10 float64 // log10 of the statistic at the alarm
}

// z95 is the 0.975 quantile of the normal distribution.
const z95 = 1.959963984540054
