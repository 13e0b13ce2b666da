package gateway

import (
	"sync"

	"github.com/weir-gateway/weir/rollout/judge"
)

// pairs counts a version's copies that could be compared, by the generation
// under which they were made. Monitors' workers count, never a request.
type pairs struct {
	mu     sync.Mutex
	counts map[uint64]judge.Pairs
	oldest uint64 // generations before it were read for the last time
}

// mostPairGenerations are counted apart; a stage has one, and one more for every
// change that somebody else makes meanwhile.
const mostPairGenerations = 64

func (p *pairs) count(generation uint64, agreed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if generation < p.oldest {
		return
	}
	c, ok := p.counts[generation]
	if !ok && len(p.counts) >= mostPairGenerations {
		p.forgetOldest()
	}
	if p.counts == nil {
		p.counts = map[uint64]judge.Pairs{}
	}
	c.Compared++
	if !agreed {
		c.Disagreed++
	}
	p.counts[generation] = c
}

func (p *pairs) forgetOldest() {
	first := true
	var oldest uint64
	for g := range p.counts {
		if first || g < oldest {
			oldest, first = g, false
		}
	}
	delete(p.counts, oldest)
}

// since adds up a generation and the later ones, and forgets those before.
func (p *pairs) since(generation uint64) (sum judge.Pairs) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.oldest = max(p.oldest, generation)
	for g, c := range p.counts {
		if g < generation {
			delete(p.counts, g)
			continue
		}
		sum.Compared += c.Compared
		sum.Disagreed += c.Disagreed
	}
	return sum
}
