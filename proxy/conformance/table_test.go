package conformance_test

import (
	"slices"
	"sync"
	"testing"
)

// group is a chapter of the table.
type group struct {
	title string
	cases []testCase
}

func groups() []group {
	return []group{
		{"The length of a request's body", lengthCases},
		{"Transfer codings of a request", codingCases},
		{"Chunked bodies", chunkCases},
		{"The request line", lineCases},
		{"Host", hostCases},
		{"Field lines", fieldCases},
		{"What a gateway changes in a request", forwardCases},
		{"Connections", connectionCases},
		{"Answers that are well-formed", answerCases},
		{"Answers that are not", badAnswerCases},
	}
}

// result is what a server did with a case.
type result struct {
	mark mark
	text string
	why  string
}

func replies(t *testing.T) map[string]*reply {
	t.Helper()
	byID := map[string]*reply{}
	for _, g := range groups() {
		for i := range g.cases {
			c := &g.cases[i]
			if _, twice := byID[c.id]; twice || caseName.FindString("~"+c.id+"~") == "" {
				t.Fatalf("the case %s is there twice, or can't be named in a target", c.id)
			}
			byID[c.id] = c.reply
		}
	}
	return byID
}

// runAll drives all cases through a proxy, some at a time.
func (p *subject) runAll(t *testing.T) map[string]result {
	t.Helper()
	var mu sync.Mutex
	results := map[string]result{}
	var running sync.WaitGroup
	turns := make(chan struct{}, 16)
	for _, g := range groups() {
		for i := range g.cases {
			c := &g.cases[i]
			running.Go(func() {
				turns <- struct{}{}
				defer func() { <-turns }()
				o := p.run(t, c)
				m, why := c.judge(o)
				mu.Lock()
				defer mu.Unlock()
				results[c.id] = result{m, o.text(), why}
			})
		}
	}
	running.Wait()
	if len(p.origin.lost) > 0 {
		t.Errorf("%s: requests of no case reached the origin: %q", p.name, p.origin.lost)
	}
	return results
}

func TestTheTableIsLargeEnough(t *testing.T) {
	n := 0
	for _, g := range groups() {
		n += len(g.cases)
	}
	if n < 150 {
		t.Errorf("%d cases", n)
	}
}

// TestWeir is what this package is for: no case may find a breach, a lapse or
// laxness in Weir, but for those in unmended, each of which must still be there.
func TestWeir(t *testing.T) {
	o := newOrigin(t, replies(t))
	weir := &subject{name: "Weir", address: weir(t, o.address, setup{}).address, origin: o, wait: patience}
	results := weir.runAll(t)
	for _, g := range groups() {
		for _, c := range g.cases {
			r := results[c.id]
			_, known := unmended[c.id]
			switch {
			case r.mark != good && !known:
				t.Errorf("%s %s (%s, RFC %s): %s: %s; it sent %.300q", r.mark, c.id, c.level, c.ref, r.text, r.why, c.send)
			case r.mark == good && known:
				t.Errorf("%s has been mended: take it out of unmended", c.id)
			}
		}
	}
	for id := range unmended {
		if _, ok := results[id]; !ok {
			t.Errorf("unmended has %s, which is no case", id)
		}
	}
	new(document).check(t, weir, results)
}

// TestControls runs the others through the same table. What they do is not for
// this test to judge; but a control that does nothing right would mean that the
// harness is at fault.
func TestControls(t *testing.T) {
	var d document // one writer at a time
	for _, c := range controls {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOrigin(t, replies(t))
			p := c.start(t, o.address)
			p.origin = o
			results := p.runAll(t)
			right := 0
			for _, r := range results {
				if r.mark == good || r.mark == lenient {
					right++
				}
			}
			t.Logf("%s %s: %d of %d", p.name, p.version, right, len(results))
			if right < len(results)/2 {
				t.Errorf("%s gets only %d of %d cases right", p.name, right, len(results))
			}
			d.check(t, p, results)
		})
	}
}

// ids are the cases' names in the order of the table.
func ids() (all []string) {
	for _, g := range groups() {
		for _, c := range g.cases {
			all = append(all, c.id)
		}
	}
	return slices.Clip(all)
}
