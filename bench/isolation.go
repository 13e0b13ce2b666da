package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/stub"
	"github.com/weir-gateway/weir/registry"
)

// inferRequest is one row of eight features for the model "bench".
func inferRequest(address string) []byte {
	body := `{"inputs":[`
	for i := range 8 {
		if i > 0 {
			body += ","
		}
		body += fmt.Sprintf(`{"name":"f%d","shape":[1],"datatype":"FP64","data":[%d.25]}`, i, i)
	}
	body += `]}`
	return fmt.Appendf(nil, "POST /v2/models/bench/infer HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", address, len(body), body)
}

const inferAnswer = `{"model_name":"bench","outputs":[{"name":"y","shape":[1],"datatype":"FP64","data":[0.5]}]}`

// isolationCase is one state that the shadow may be in.
type isolationCase struct {
	name    string
	shadow  stub.Behaviour
	p50     []float64
	p99     []float64
	failed  int64
	process *peers.Process
}

// isolation measures what the primary's clients notice of a shadow that gets a
// copy of every request and never answers, beside a healthy one: open loop, at
// a rate that leaves the machine room, the two cases in turn.
func isolation(ctx context.Context, o options) (table, error) {
	const rate = 1500
	healthy := stub.Behaviour{Body: []byte(inferAnswer)}
	cases := []*isolationCase{
		{name: "healthy", shadow: healthy},
		{name: "hung", shadow: stub.Behaviour{Hang: true}},
	}
	primary, err := stub.Listen("127.0.0.1:0", healthy)
	if err != nil {
		return table{}, err
	}
	defer primary.Close()
	for _, c := range cases {
		shadow, err := stub.Listen("127.0.0.1:0", c.shadow)
		if err != nil {
			return table{}, err
		}
		defer shadow.Close()
		if c.process, err = o.startShadowed(c.name, primary.Address(), shadow.Address()); err != nil {
			return table{}, err
		}
		defer c.process.Stop()
	}
	for round := range o.rounds + 1 {
		for _, c := range cases {
			target := load.Target{Address: c.process.Address, Request: inferRequest(c.process.Address)}
			r := load.Open(ctx, target, o.conns, rate, o.duration)
			if round == 0 {
				continue // warms up
			}
			c.p50 = append(c.p50, r.Latency.Quantile(.5).Seconds()*1e6)
			c.p99 = append(c.p99, r.Latency.Quantile(.99).Seconds()*1e6)
			c.failed += r.Errors
		}
	}
	t := table{
		Title:   "A shadow that never answers, beside a healthy one",
		Columns: []string{"shadow", "p50 µs", "p99 µs", "p50 ratio", "p99 ratio", "failed"},
		Notes: []string{fmt.Sprintf("Every request copied; %d requests a second, open loop, %d connections, medians of %d rounds of %s in turn.",
			rate, o.conns, o.rounds, o.duration)},
	}
	for _, c := range cases {
		t.Rows = append(t.Rows, []string{
			c.name, fmt.Sprintf("%.0f", median(c.p50)), fmt.Sprintf("%.0f", median(c.p99)),
			fmt.Sprintf("%.3f", median(c.p50)/median(cases[0].p50)), fmt.Sprintf("%.3f", median(c.p99)/median(cases[0].p99)),
			fmt.Sprint(c.failed),
		})
	}
	return t, nil
}

func (o options) startShadowed(name, primary, shadow string) (*peers.Process, error) {
	dir := filepath.Join(o.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return peers.Weir{
		Binary:   o.binary,
		Versions: map[string]string{"1": primary, "2": shadow},
		Arms:     []registry.Arm{{Version: "1", Weight: registry.Full}},
		Shadows:  []registry.Shadow{{Version: "2", Sample: 1}},
		Lines:    []string{"shadow: {timeout: " + (500 * time.Millisecond).String() + "}"},
	}.Start(dir)
}
