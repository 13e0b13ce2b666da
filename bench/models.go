package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/stub"
)

// models measures Weir with many models, the requests going to all of them in
// turn, beside Weir with one.
func models(ctx context.Context, o options) (table, error) {
	t := table{Name: "models", Title: "Many models"}
	many := 10_000
	if o.quick {
		many = 1000
	}
	f, err := o.newField(stub.Behaviour{Body: []byte(inferAnswer)})
	if err != nil {
		return t, err
	}
	defer f.close()
	started := map[string]time.Duration{}
	for _, n := range []int{1, many} {
		name := fmt.Sprintf("weir, %d models", n)
		began := time.Now()
		p, err := o.tools.ManyModels(filepath.Join(o.dir, fmt.Sprint("models-", n)), n, f.stubs.Addresses[0])
		if err != nil {
			return t, err
		}
		f.add(name, peers.NameWeir, p, smallRequest)
		c := f.get(name)
		requests := make([][]byte, n)
		for i := range requests {
			requests[i] = post(p.Address, peers.ModelPath(i), `{"inputs":[{"name":"f","shape":[1],"datatype":"FP64","data":[0.25]}]}`)
		}
		c.target.Make = func(i int64) []byte { return requests[i%int64(n)] }
		started[name] = time.Since(began)
	}
	err = f.rounds(ctx, o, func(c *contender) (load.Result, error) { return load.Closed(ctx, c.target, o.conns, o.duration) })
	if err != nil {
		return t, err
	}
	t.Columns = []string{"case", "CPU µs a request", "of it user", "×", "requests a second", "MB resident", "kB a model", "documents written and started in"}
	base := f.contenders[0]
	least, err := base.process.Memory()
	if err != nil {
		return t, err
	}
	for _, c := range f.contenders {
		m, err := c.process.Memory()
		if err != nil {
			return t, err
		}
		each := "–"
		if c != base {
			each = number(float64(m-least) / 1e3 / float64(many-1))
		}
		t.Rows = append(t.Rows, []string{
			c.name, c.cell("cpu"), c.cell("user"), times(c.mid("cpu"), base.mid("cpu")), c.cell("rps"),
			number(float64(m) / 1e6), each, started[c.name].Round(100 * time.Millisecond).String(),
		})
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Closed loop, %d connections, requests to all models in turn, one server, monitors off, medians of %d rounds of %s in turn.", o.conns, o.rounds, o.duration))
	f.failures(&t)
	t.Samples = f.samples()
	return t, nil
}
