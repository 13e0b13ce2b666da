package rollout

import (
	"slices"
	"time"

	"github.com/weir-gateway/weir/rollout/judge"
)

// book adds counts to the open page of their phase, and opens one if need be.
func (l *Ledger) book(pages *[]Page, now time.Time, r *Rollout, p *judge.Phase, delta *judge.Counts) {
	l.turn(p)
	at := slices.IndexFunc(*pages, func(page Page) bool {
		return !page.Closed && page.takes(p)
	})
	if at < 0 && p.Generation < l.Newest && delta.Empty() {
		return // an old phase that has ended
	}
	if at < 0 {
		at = place(*pages, p.Generation)
		*pages = slices.Insert(*pages, at, l.open(*pages, at, r, p))
		l.Opened = now
	}
	b := &(*pages)[at].Batch
	if b.Bins == nil {
		b.Bins = p.Bins // no prediction was counted before there were bins
	}
	latency := 0
	for _, g := range r.Plan.Guardrails {
		if g.Metric == judge.MetricLatency && latency < len(b.Tails) {
			b.Tails[latency].Add(delta.Latency, g.Margin)
			latency++
		}
	}
	if p.Candidate != "" {
		for arm := range 2 {
			l.Latency[arm] = addHistogram(l.Latency[arm], delta.Latency[arm])
		}
		if p.Generation == l.Newest {
			l.Present = addHistogram(l.Present, delta.Latency[judge.Stable])
		}
	}
	booked := *delta
	booked.Latency = [2]*judge.Histogram{}
	b.Counts.Add(&booked)
	for arm := range 2 {
		b.Counts.InFlight[arm] += p.Counts.InFlight[arm]
	}
}

// takes tells whether a page is of such counts as a phase has.
func (page *Page) takes(p *judge.Phase) bool {
	b := &page.Batch
	return b.Generation == p.Generation && page.Stratum == p.Stratum && b.Weight == p.Weight &&
		(b.Bins == nil || p.Bins == nil || b.Bins.Equal(p.Bins))
}

// nobodyInFlight begins to add up anew who is.
func (l *Ledger) nobodyInFlight() {
	for _, pages := range [][]Page{l.Pages, l.Bake} {
		for i := range pages {
			pages[i].Batch.Counts.InFlight = [2]int64{}
		}
	}
}

// place is where a page of a generation belongs: after those of the same and of
// older ones. Another gateway may route by an older one for longer.
func place(pages []Page, generation uint64) int {
	at := len(pages)
	for at > 0 && pages[at-1].Batch.Generation > generation {
		at--
	}
	return at
}

// open makes a page whose limits come from what was seen before it. Pages of
// one phase keep their limits, so that they can be merged; a new phase, or the
// first moment at which a limit can be known, takes the newest.
func (l *Ledger) open(pages []Page, at int, r *Rollout, p *judge.Phase) Page {
	page := Page{Stratum: p.Stratum, Size: 1}
	late := at < len(pages)
	pages = pages[:at]
	page.Batch = judge.Batch{Generation: p.Generation, Weight: p.Weight, Bins: p.Bins, Start: 1}
	if n := len(pages); n > 0 {
		last := pages[n-1].Batch
		page.Batch.Start = last.Start + 1
		if late || last.Generation == p.Generation && !pages[n-1].Closed {
			// Another stratum of the same phase, or other bins. Or newer ones have
			// begun: bets that did must not begin elsewhere, so none does here.
			page.Batch.Start = last.Start
		}
	}
	var previous []judge.Tail
	for i := range pages {
		if b := &pages[i].Batch; b.Generation == p.Generation {
			previous = b.Tails
		}
	}
	if p.Candidate == "" {
		return page
	}
	page.Batch.Centre = l.centre()
	for _, g := range r.Plan.Guardrails {
		if g.Metric != judge.MetricLatency {
			continue
		}
		tail := judge.Tail{Bucket: -1}
		if n := len(page.Batch.Tails); n < len(previous) {
			tail.Bucket = previous[n].Bucket
		}
		if tail.Bucket < 0 {
			tail.Bucket = l.limit(g.Quantile)
		}
		page.Batch.Tails = append(page.Batch.Tails, tail)
	}
	return page
}

// enoughLabels of the stable's predictions tell about how many are wrong.
const enoughLabels = 200

// centre is the stable's share of wrong predictions, once enough are labelled. It
// stays what it is then, so that pages can be merged, and is only used for pages
// that are opened later.
func (l *Ledger) centre() float64 {
	if l.Centre != 0 {
		return l.Centre
	}
	var sum judge.Labels
	for i := range l.Pages {
		c := &l.Pages[i].Batch.Counts.Labels
		sum.Labelled[judge.Stable] += c.Labelled[judge.Stable]
		sum.Wrong[judge.Stable] += c.Wrong[judge.Stable]
	}
	if n := sum.Labelled[judge.Stable]; n >= enoughLabels {
		l.Centre = float64(sum.Wrong[judge.Stable]) / float64(n)
	}
	return l.Centre
}

// turn notes a newer phase: what the one before measured becomes the past, and
// replaces an older past where it suffices by itself.
func (l *Ledger) turn(p *judge.Phase) {
	if p.Generation <= l.Newest {
		return
	}
	l.Newest = p.Generation
	if l.Present != nil && l.Present.Total >= enoughPast {
		l.Past = l.Present
	} else {
		l.Past = addHistogram(l.Past, l.Present)
	}
	l.Present = nil
}

// enoughPast units of one phase know a quantile up to 0.99 as well as a limit needs.
const enoughPast = 1000

// limit is the bucket of the stable's quantile before the newest phase, else
// with what the phase has seen so far; −1: not known yet.
func (l *Ledger) limit(q float64) int {
	if bucket := judge.SlowBucket(l.Past, q); bucket >= 0 {
		return bucket
	}
	return judge.SlowBucket(addHistogram(addHistogram(nil, l.Past), l.Present), q)
}

// limitsKnown reports whether an open page lacks a limit that is known now.
func (l *Ledger) limitsKnown(r *Rollout) bool {
	for i := range l.Pages {
		if l.Pages[i].Closed {
			continue
		}
		latency := 0
		for _, g := range r.Plan.Guardrails {
			if g.Metric != judge.MetricLatency || latency >= len(l.Pages[i].Batch.Tails) {
				continue
			}
			if l.Pages[i].Batch.Tails[latency].Bucket < 0 && l.limit(g.Quantile) >= 0 {
				return true
			}
			latency++
		}
	}
	return false
}

// cut closes the pages of the newest phase; what it counts next opens new ones.
// Older phases keep their last page for answers that come late.
func (l *Ledger) cut(now time.Time) {
	for _, pages := range [][]Page{l.Pages, l.Bake} {
		for i := range pages {
			if pages[i].Batch.Generation == l.Newest {
				pages[i].Closed = true
			}
		}
	}
	l.Opened = now
}

// merge keeps at most two closed pages of each size, so that a day of minutes
// is some twenty pages, the newest of them short; and one of a step before the
// previous one, so that a walk of many steps stays small. The bets that began
// with the later of two merged pages are given up: their weight is lost, never
// reused.
func merge(pages []Page) []Page {
	recent := previousGeneration(pages)
	for i := len(pages) - 1; i >= 1; i-- {
		b := previousPage(pages, i)
		if b < 0 || !pages[i].Closed {
			continue
		}
		if pages[i].Batch.Generation < recent {
			pages = fold(pages, b, i)
			continue
		}
		if a := previousPage(pages, b); a >= 0 && pages[a].Size == pages[b].Size && pages[b].Size == pages[i].Size {
			pages = fold(pages, a, b)
		}
	}
	return pages
}

// fold adds the later page b to a.
func fold(pages []Page, a, b int) []Page {
	pages[a].Batch.Counts.Add(&pages[b].Batch.Counts)
	for k := range pages[a].Batch.Tails {
		pages[a].Batch.Tails[k].Merge(pages[b].Batch.Tails[k])
	}
	pages[a].Size += pages[b].Size
	return slices.Delete(pages, b, b+1)
}

// previousGeneration is the latest before the newest.
func previousGeneration(pages []Page) (previous uint64) {
	var newest uint64
	for i := range pages {
		switch g := pages[i].Batch.Generation; {
		case g > newest:
			newest, previous = g, newest
		case g < newest:
			previous = max(previous, g)
		}
	}
	return previous
}

// previousPage is the page before page i that counts the same; −1: none.
func previousPage(pages []Page, i int) int {
	for j := i - 1; j >= 0; j-- {
		if mergeable(&pages[j], &pages[i]) {
			return j
		}
	}
	return -1
}

func mergeable(a, b *Page) bool {
	sameLimit := func(s, t judge.Tail) bool { return s.Bucket == t.Bucket }
	return a.Batch.Generation == b.Batch.Generation && a.Stratum == b.Stratum && a.Batch.Weight == b.Batch.Weight &&
		a.Batch.Centre == b.Batch.Centre && a.Batch.Bins.Equal(b.Batch.Bins) && slices.EqualFunc(a.Batch.Tails, b.Batch.Tails, sameLimit)
}
