package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
	"github.com/weir-gateway/weir/rollout/judge"
)

const (
	// tellInterval is how often this gateway's counts are told, where they have
	// changed, and those of the others read.
	tellInterval = time.Second
	// askInterval is how often it is asked whether a walk still goes on that
	// another gateway runs.
	askInterval = 5 * time.Second
	// mostOthers are judged over, besides the leader: the ledger keeps what it has
	// booked of each, some 4 KB and as much again for each slice field.
	mostOthers = 15
	// leaveTimeout bounds what a gateway does for the others when it stops.
	leaveTimeout = 2 * time.Second
)

// replicas is what the gateways on one registry tell each other: each puts up
// what its requests came to, and the leader judges by the counts of all.
type replicas struct {
	gateway *Gateway
	board   registry.Board // nil: the registry is this gateway's alone
	process string         // of this start

	running sync.WaitGroup
	stop    context.CancelFunc

	mu    sync.Mutex
	walks map[string]*watchedWalk // by model

	lost map[string]time.Time // since when processes are not heard of; the leader's, see tidy
}

// watchedWalk is the walk of one model, whoever runs it.
type watchedWalk struct {
	generation uint64 // at which it was asked for
	asked      time.Time
	going      bool
	walk       rollout.Rollout
	posted     []byte
	others     []others // by process
	included   []string // processes that have been judged over
}

// others are the counts of one other process.
type others struct {
	process string
	alive   bool
	phases  []judge.Phase
}

// counted is the notice about the counts of a model.
type counted struct {
	Phases []countedPhase `json:"phases"`
}

type countedPhase struct {
	judge.Phase
	InFlight [2]int64 `json:"in_flight,omitzero"`
}

// encodeCounts is the notice of phases. Requests in flight are no sum, and so not
// in the JSON of counts; the check of the draw needs them all the same.
func encodeCounts(phases []judge.Phase) ([]byte, error) {
	var doc counted
	for _, p := range phases {
		doc.Phases = append(doc.Phases, countedPhase{p, p.Counts.InFlight})
	}
	return json.Marshal(doc)
}

func decodeCounts(n registry.Notice) ([]judge.Phase, error) {
	var doc counted
	if err := json.Unmarshal(n.Doc, &doc); err != nil {
		return nil, err
	}
	var phases []judge.Phase
	for _, p := range doc.Phases {
		p.Phase.Process, p.Counts.InFlight = n.Process, p.InFlight
		phases = append(phases, p.Phase)
	}
	return phases, nil
}

func countsOf(model string) string { return "counts/" + model }

func newReplicas(g *Gateway) *replicas {
	r := &replicas{gateway: g, stop: func() {}, walks: map[string]*watchedWalk{}, lost: map[string]time.Time{}, process: strings.ToLower(rand.Text()[:16])}
	r.board, _ = g.store.Store.(registry.Board)
	return r
}

// start tells and reads until close.
func (r *replicas) start() {
	if r.board == nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.running.Go(func() {
		attended, leave := context.WithCancel(context.Background())
		var attending sync.WaitGroup
		attending.Go(func() {
			err := r.board.Attend(attended, r.gateway.replica(), r.process)
			if attended.Err() == nil && !errors.Is(err, registry.ErrClosed) {
				r.gateway.log.Error("the other gateways are told nothing of this one any more", "error", err)
			}
		})
		attending.Go(func() { r.tellRouted(ctx) })
		every(ctx, tellInterval, func() {
			r.tell(ctx)
			r.tidy(ctx)
		})
		last, cancel := context.WithTimeout(context.Background(), leaveTimeout)
		r.tell(last)
		if err := r.board.Strike(last, routedTopic, r.process); err != nil {
			r.gateway.log.Debug("the others will take this gateway for lost", "error", err)
		}
		cancel()
		leave()
		attending.Wait()
	})
}

// close tells the last counts, and leaves.
func (r *replicas) close() {
	r.stop()
	r.running.Wait()
}

// tell does so for every model.
func (r *replicas) tell(ctx context.Context) {
	for _, model := range r.gateway.ConfiguredModels() {
		w, ended := r.walk(ctx, model)
		switch {
		case w != nil:
			r.tellCounts(ctx, model, w)
			r.readCounts(ctx, model, w)
		case ended:
			r.clear(ctx, model)
		}
	}
}

// walk is the model's walk; nil: none goes on. Ended says that one did before.
func (r *replicas) walk(ctx context.Context, model string) (w *watchedWalk, ended bool) {
	generation, now := r.gateway.RoutedGeneration(model), r.gateway.now()
	r.mu.Lock()
	w = r.walks[model]
	if w == nil {
		w = &watchedWalk{}
		r.walks[model] = w
	}
	known := w.generation == generation && (!w.going || now.Sub(w.asked) < askInterval)
	r.mu.Unlock()
	if known {
		return w.ifGoing(), false
	}
	walk, err := r.gateway.rollouts.Status(ctx, model)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return w.ifGoing(), false // as far as is known; asked again at once
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	ended = w.going
	w.going = err == nil && !walk.Status.Final()
	w.generation, w.asked = generation, now
	if w.going && w.walk.ID == walk.ID {
		w.walk = walk
		return w, false
	}
	w.walk, w.posted, w.others, w.included = walk, nil, nil, nil
	return w.ifGoing(), ended && !w.going
}

func (w *watchedWalk) ifGoing() *watchedWalk {
	if w.going {
		return w
	}
	return nil
}

// tellCounts puts up what this gateway has counted in a walk.
func (r *replicas) tellCounts(ctx context.Context, model string, w *watchedWalk) {
	fields := w.walk.Plan.SliceFields()
	var told []judge.Phase
	phases := r.gateway.rollouts.book(model).Phases()
	for _, p := range phases {
		if p.Generation <= w.walk.StartGeneration || p.Generation < before(phases) {
			continue
		}
		for field := range p.Counts.Slices {
			if !slices.Contains(fields, field) {
				delete(p.Counts.Slices, field)
			}
		}
		told = append(told, p)
	}
	value, err := encodeCounts(told)
	if err == nil && len(told) > 0 && string(value) != string(w.posted) {
		if err = r.board.Post(ctx, countsOf(model), value); err == nil {
			w.posted = value
		}
	}
	if err != nil && ctx.Err() == nil {
		r.gateway.log.Debug("this gateway's counts can't be told now", "model", model, "error", err)
	}
}

// before is the generation before the newest: answers may still come for it.
func before(phases []judge.Phase) (generation uint64) {
	newest := uint64(0)
	for _, p := range phases { // oldest first
		if p.Generation > newest {
			generation, newest = newest, p.Generation
		}
	}
	return generation
}

// readCounts reads what the others have counted. What can't be read now stays
// as it was.
func (r *replicas) readCounts(ctx context.Context, model string, w *watchedWalk) {
	notices, err := r.board.Notices(ctx, countsOf(model))
	if err != nil {
		return
	}
	var all []others
	for _, n := range notices {
		phases, err := decodeCounts(n)
		if n.Process == r.process || err != nil {
			continue
		}
		for _, p := range phases {
			if p.Bins != nil {
				r.gateway.rollouts.book(model).Adopt(p.Stable, p.Candidate, p.Bins)
			}
		}
		all = append(all, others{process: n.Process, alive: n.Alive, phases: phases})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w.others = all
	for _, o := range all {
		if len(w.included) < mostOthers && !slices.Contains(w.included, o.process) {
			w.included = append(w.included, o.process)
		}
	}
}

// clear takes down the counts of a walk that has ended: this gateway's, and those
// of processes that are no more.
func (r *replicas) clear(ctx context.Context, model string) {
	notices, err := r.board.Notices(ctx, countsOf(model))
	for _, n := range notices {
		if n.Process == r.process || !n.Alive {
			err = errors.Join(err, r.board.Strike(ctx, countsOf(model), n.Process))
		}
	}
	if err != nil {
		r.gateway.log.Debug("the counts of a rollout that has ended stay where they are", "model", model, "error", err)
	}
}

// merged adds the counts of the others to this gateway's own. Units that sticky
// keys tell apart are left out: a key that two gateways have seen was drawn once.
func (r *replicas) merged(model string, own []judge.Phase) []judge.Phase {
	if r.board == nil {
		return own
	}
	for i := range own {
		own[i].Process = r.process
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.walks[model]
	if w == nil || !w.going {
		return own
	}
	for _, o := range w.others {
		for _, p := range o.phases {
			if !p.Keyed && slices.Contains(w.included, o.process) {
				own = append(own, p)
			}
		}
	}
	return own
}

// judged says over which gateways the walk of a model is judged; nil: the
// registry is this gateway's alone.
func (r *replicas) judged(model string) *rollout.Replicas {
	if r.board == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	j := &rollout.Replicas{Judged: 1}
	w := r.walks[model]
	if w == nil || !w.going {
		return j
	}
	for _, o := range w.others {
		keyed := slices.ContainsFunc(o.phases, func(p judge.Phase) bool { return p.Keyed })
		switch {
		case keyed:
			j.LeftOut, j.Why = j.LeftOut+1, "sticky keys that two gateways have seen can't be told apart"
		case !slices.Contains(w.included, o.process):
			j.LeftOut, j.Why = j.LeftOut+1, "a rollout is judged over so many gateways at most"
		default:
			j.Judged++
			if !o.alive {
				j.Gone++
			}
		}
	}
	return j
}
