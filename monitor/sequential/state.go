package sequential

import (
	"errors"
	"fmt"
	"math"
)

// ErrState says that a state does not fit the detector.
var ErrState = errors.New("sequential: state")

// State is what a restart must not lose of a detector. It fits a detector made
// with the same reference; the threshold may differ.
type State struct {
	Form    int       `json:"form,omitempty"` // which statistics M are, where a detector has had others
	M       []float64 `json:"m"`
	Ranks   []uint32  `json:"ranks,omitempty"` // Distribution: observations by cell since the last crossing
	Seen    []float64 `json:"seen,omitempty"`  // Rate, Categories: observations since the last crossing, and hits of each group
	Quiet   uint64    `json:"quiet,omitempty"`
	Repeats uint8     `json:"repeats,omitempty"`
	Since   uint64    `json:"since,omitempty"` // observations since the last crossing

	Partial int         `json:"partial,omitempty"` // observations in the youngest block
	Current []float64   `json:"current,omitempty"`
	Blocks  [][]float32 `json:"blocks,omitempty"` // a list a level, oldest first
}

func capture(m []float64, r *rearm, h *history) State {
	s := State{M: append([]float64(nil), m...), Quiet: r.quiet, Repeats: r.repeats, Since: r.since, Partial: h.n}
	s.Current = append(s.Current, h.current...)
	for i, n := range h.blocks {
		if n == 0 {
			break
		}
		s.Blocks = append(s.Blocks, append([]float32(nil), h.level(i)[:int(n)*h.width]...))
	}
	return s
}

func (s State) check(states, width int) error {
	if len(s.M) != states || len(s.Current) != width || len(s.Blocks) > historyLevels {
		return fmt.Errorf("%w: of another detector", ErrState)
	}
	for _, v := range s.M {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return fmt.Errorf("%w: a statistic is %v", ErrState, v)
		}
	}
	if s.Partial < 0 || s.Partial >= historyBlock {
		return fmt.Errorf("%w: %d observations in a block of %d", ErrState, s.Partial, historyBlock)
	}
	for _, b := range s.Blocks {
		if len(b)%width != 0 || len(b) > historyFan*width {
			return fmt.Errorf("%w: a block has %d sums", ErrState, len(b))
		}
	}
	return nil
}

func (s State) restore(m []float64, r *rearm, h *history) {
	copy(m, s.M)
	r.quiet, r.repeats, r.since = s.Quiet, min(s.Repeats, quietDoubling), s.Since
	h.reset()
	h.n = s.Partial
	copy(h.current, s.Current)
	for i, b := range s.Blocks {
		copy(h.level(i), b)
		h.blocks[i] = uint8(len(b) / h.width)
	}
}

// Forms of states. formRanks is the one since detectors learn what the reference does
// not know, formSpots a Distribution's since it has narrow spots and that of Categories
// since they have moves, formBefore what was before both.
const (
	formBefore = 0
	formRanks  = 1
	formSpots  = 2
)

// How many statistics a Distribution's state has and had.
const (
	statesSpots  = bets + spots + spotKinds
	statesRanks  = 28
	statesBefore = 40
)

// State returns the detector's state. It makes the spots' scales 1, as Restore does,
// so that both go on alike.
func (d *Distribution) State() State {
	s := capture(d.m[:], &d.rearm, &d.history)
	s.M = append(s.M, d.spots.state()...)
	s.Form = formSpots
	s.Ranks = append(s.Ranks, d.ranks.counts[:]...)
	return s
}

// Restore brings a state back; on an error the detector is as it was. Of a state of
// an earlier form it keeps the quiet period; evidence starts from nothing.
func (d *Distribution) Restore(s State) error {
	if s.Form == formBefore && len(s.M) == statesBefore || s.Form == formRanks && len(s.M) == statesRanks && len(s.Ranks) == cells {
		if err := s.check(len(s.M), polynomials); err != nil {
			return err
		}
		s = State{
			Form: formSpots, M: make([]float64, statesSpots), Ranks: make([]uint32, cells), Current: make([]float64, polynomials),
			Quiet: s.Quiet, Repeats: s.Repeats, Since: s.Since,
		}
	}
	if s.Form != formSpots || len(s.Ranks) != cells {
		return fmt.Errorf("%w: of another detector", ErrState)
	}
	if err := s.check(statesSpots, polynomials); err != nil {
		return err
	}
	s.restore(d.m[:], &d.rearm, &d.history)
	d.spots.restore(s.M[bets:])
	d.ranks.restore(s.Ranks)
	return nil
}

// State returns the detector's state. It makes the bets' factors anew, as Restore
// does, so that both go on alike.
func (r *Rate) State() State {
	r.settle()
	r.refresh()
	s := capture(flat(r.m), &r.rearm, &r.history)
	s.Form = formRanks
	s.Seen = []float64{r.seen.rows, r.seen.hits}
	return s
}

// Restore brings a state back; on an error the detector is as it was. Of a state of
// the form before it keeps the quiet period; evidence starts from nothing.
func (r *Rate) Restore(s State) error {
	s, err := s.renew(formRanks, len(r.m)*len(ratios), 1)
	if err != nil {
		return err
	}
	s.restore(nil, &r.rearm, &r.history)
	unflat(r.m, s.M)
	r.seen = counted{rows: s.Seen[0], hits: s.Seen[1]}
	r.skipped = 0
	r.refresh()
	return nil
}

// State returns the detector's state. It makes the bets' factors anew, as Restore
// does, so that both go on alike.
func (c *Categories) State() State {
	s := capture(flat(c.m), &c.rearm, &c.history)
	s.M = append(s.M, c.moves.state(c.rows)...)
	c.moves.restore(s.M[len(c.m)*len(ratios):], c.rows)
	c.refresh()
	s.Form = formSpots
	s.Seen = append([]float64{c.rows}, c.seen...)
	return s
}

// Restore brings a state back; on an error the detector is as it was. Of a state of
// an earlier form it keeps the quiet period; evidence starts from nothing.
func (c *Categories) Restore(s State) error {
	single := len(c.m) * len(ratios)
	if s.Form == formRanks && len(s.M) == single && len(s.Seen) == len(c.m)+1 {
		s.Form, s.Seen = formBefore, nil
	}
	s, err := s.renew(formSpots, single+len(c.moves.over), c.history.width)
	if err != nil {
		return err
	}
	s.restore(nil, &c.rearm, &c.history)
	unflat(c.m, s.M)
	c.rows = s.Seen[0]
	copy(c.seen, s.Seen[1:])
	c.moves.restore(s.M[single:], c.rows)
	c.refresh()
	return nil
}

// renew checks the state of a detector of shares, and makes one of the form before
// into one without evidence.
func (s State) renew(form, states, width int) (State, error) {
	if s.Form == formBefore && len(s.M) > 0 && len(s.M) <= states && len(s.Ranks) == 0 {
		if err := s.check(len(s.M), width); err != nil {
			return s, err
		}
		s = State{
			Form: form, M: make([]float64, states), Seen: make([]float64, width+1), Current: make([]float64, width),
			Quiet: s.Quiet, Repeats: s.Repeats, Since: s.Since,
		}
	}
	if s.Form != form || len(s.Seen) != width+1 {
		return s, fmt.Errorf("%w: of another detector", ErrState)
	}
	for _, n := range s.Seen {
		if math.IsNaN(n) || n < 0 || n > s.Seen[0] || math.IsInf(n, 0) {
			return s, fmt.Errorf("%w: %v observations of %v", ErrState, n, s.Seen[0])
		}
	}
	return s, s.check(states, width)
}

func flat(m []quad) []float64 {
	var out []float64
	for i := range m {
		out = append(out, m[i][:]...)
	}
	return out
}

func unflat(m []quad, from []float64) {
	for i := range m {
		copy(m[i][:], from[i*len(ratios):])
	}
}
