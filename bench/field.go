package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/stub"
)

// direct is the row of the load that goes past all proxies.
const direct = "direct"

// contender is one process in one case, with what each round found.
type contender struct {
	name    string
	peer    string
	process *peers.Process // nil: direct
	target  load.Target
	samples map[string][]float64
	errors  int64
	first   string
}

func (c *contender) add(what string, v float64) { c.samples[what] = append(c.samples[what], v) }

// mid is the median of a figure over the rounds; over those that others did not
// disturb, where there are three.
func (c *contender) mid(what string) float64 {
	values := c.samples[what]
	others := c.samples["others"]
	if len(others) != len(values) {
		return median(values)
	}
	var calm []float64
	for i, v := range values {
		if others[i] < 100*quietOthers {
			calm = append(calm, v)
		}
	}
	if len(calm) < 3 {
		return median(values)
	}
	return median(calm)
}

// cell prints the median of a figure.
func (c *contender) cell(what string) string {
	if len(c.samples[what]) == 0 {
		return "–"
	}
	return number(c.mid(what))
}

// field is what is compared: all its processes run at once, and are measured
// in turn.
type field struct {
	stubs      *peers.Stubs
	contenders []*contender
}

// newField starts the stub servers.
func (o options) newField(behaviours ...stub.Behaviour) (*field, error) {
	stubs, err := o.tools.Stubs(behaviours...)
	if err != nil {
		return nil, err
	}
	return &field{stubs: stubs}, nil
}

func (f *field) close() {
	for _, c := range f.contenders {
		if c.process != nil {
			c.process.Stop()
		}
	}
	f.stubs.Close()
}

// enter starts a peer, if it is to be measured, as the row name.
func (f *field) enter(o options, name, peer string, j peers.Job, request func(address string) []byte) error {
	if len(o.only) > 0 && !slices.Contains(o.only, peer) {
		return nil
	}
	p, err := o.tools.Peer(peer).Start(o.dir, j)
	if err != nil {
		return err
	}
	f.add(name, peer, p, request)
	return nil
}

func (f *field) add(name, peer string, p *peers.Process, request func(address string) []byte) {
	f.contenders = append(f.contenders, &contender{
		name: name, peer: peer, process: p, samples: map[string][]float64{},
		target: load.Target{Address: p.Address, Request: request(p.Address)},
	})
}

// enterDirect adds the row that goes straight to a stub.
func (f *field) enterDirect(address string, request func(address string) []byte) {
	f.contenders = append(f.contenders, &contender{
		name: direct, peer: direct, samples: map[string][]float64{},
		target: load.Target{Address: address, Request: request(address)},
	})
}

// get is the contender of a row, nil where it was left out.
func (f *field) get(name string) *contender {
	for _, c := range f.contenders {
		if c.name == name {
			return c
		}
	}
	return nil
}

// rounds lets every contender run once a round, in turn; the first round warms
// up.
func (f *field) rounds(ctx context.Context, o options, run func(*contender) (load.Result, error)) error {
	for round := range o.rounds + 1 {
		for _, c := range f.contenders {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := f.quietly(ctx, o, c, round > 0, run); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return nil
}

// quietly measures one contender once, again where others disturbed it, and
// keeps the least disturbed attempt.
func (f *field) quietly(ctx context.Context, o options, c *contender, counts bool, run func(*contender) (load.Result, error)) error {
	kept := c.samples
	var best map[string][]float64
	least := 2.0
	for attempt := range attempts {
		if counts {
			calm(ctx, o.patience)
		}
		c.samples = map[string][]float64{}
		before := f.usage()
		if err := f.round(c, run); err != nil {
			return err
		}
		others := f.usage().others(before)
		c.add("others", 100*others)
		if others < least {
			least, best = others, c.samples
		}
		if !counts || o.patience == 0 || least < quietOthers || attempt == attempts-1 {
			break
		}
	}
	c.samples = kept
	if counts {
		for what, values := range best {
			c.samples[what] = append(c.samples[what], values...)
		}
	}
	return nil
}

// round measures one contender once. The figures "cpu" (µs a good answer),
// "rps", "p50", "p99", "p999" (µs), "user" and "sys" (µs), and "server N", the
// calls that server N got a good answer.
func (f *field) round(c *contender, run func(*contender) (load.Result, error)) error {
	before, err := f.stubs.Stats()
	if err != nil {
		return err
	}
	var cpu peers.Times
	if c.process != nil {
		if cpu, err = c.process.CPU(); err != nil {
			return err
		}
	}
	r, err := run(c)
	if err != nil {
		return err
	}
	time.Sleep(200 * time.Millisecond) // copies and observations may still be on their way
	if r.Requests == 0 {
		return errors.New("no request was answered: " + r.First)
	}
	n := float64(r.Requests)
	if c.process != nil {
		end, err := c.process.CPU()
		if err != nil {
			return err
		}
		c.add("user", (end.User-cpu.User).Seconds()*1e6/n)
		c.add("sys", (end.System-cpu.System).Seconds()*1e6/n)
		c.add("cpu", (end.User+end.System-cpu.User-cpu.System).Seconds()*1e6/n)
	}
	after, err := f.stubs.Stats()
	if err != nil {
		return err
	}
	for i := range after {
		c.add(fmt.Sprint("server ", i), float64(after[i].Calls-before[i].Calls)/n)
	}
	c.add("rps", r.PerSecond())
	c.add("p50", r.Latency.Quantile(.5).Seconds()*1e6)
	c.add("p99", r.Latency.Quantile(.99).Seconds()*1e6)
	c.add("p999", r.Latency.Quantile(.999).Seconds()*1e6)
	if c.errors += r.Errors; c.first == "" {
		c.first = r.First
	}
	return nil
}

// failures says in a note whose requests failed, and with what; and how much of
// the machine others used.
func (f *field) failures(t *table) {
	var others []float64
	disturbed := 0
	for _, c := range f.contenders {
		for _, v := range c.samples["others"] {
			others = append(others, v)
			if v >= 100*quietOthers {
				disturbed++
			}
		}
	}
	if len(others) > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("Others used %s %% of the machine during a round in the median, %s %% at most; "+
			"the %d of %d rounds where it was %.0f %% or more are left out of a median of which three are left.",
			number(median(others)), number(slices.Max(others)), disturbed, len(others), 100*quietOthers))
	}
	for _, c := range f.contenders {
		if c.errors > 0 {
			t.Notes = append(t.Notes, fmt.Sprintf("%s: %d requests failed, the first with: %s", c.name, c.errors, oneLine(c.first)))
		}
	}
}

// samples are all figures of all rounds, for the JSON.
func (f *field) samples() map[string]map[string][]float64 {
	out := map[string]map[string][]float64{}
	for _, c := range f.contenders {
		out[c.name] = c.samples
	}
	return out
}

// best is the smallest median of a figure among the named rows that are there;
// 0 where none is.
func (f *field) best(what string, names ...string) (least float64) {
	first := true
	for _, name := range names {
		if c := f.get(name); c != nil && len(c.samples[what]) > 0 {
			if v := c.mid(what); first || v < least {
				least, first = v, false
			}
		}
	}
	return least
}

// ratio adds the goal that a row's figure is at most limit times the best of
// the others'.
func (f *field) ratio(t *table, what, row string, limit float64, others ...string) {
	c, least := f.get(row), f.best(what, others...)
	title := fmt.Sprintf("%s of %s to the best of %s", what, row, strings.Join(others, ", "))
	switch {
	case c == nil || len(c.samples[what]) == 0:
	case least <= 0 && slices.ContainsFunc(others, func(name string) bool { return f.get(name) != nil }):
		t.Notes = append(t.Notes, "Not measurable in this run, the machine was too busy: "+title+".")
	case least > 0:
		t.aim(title, c.mid(what)/least, limit, "×")
	}
}

// oneLine shortens what a proxy said to what fits a line.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return text[:min(len(text), 120)]
}
