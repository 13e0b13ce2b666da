package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/stub"
)

// TestMain lets this binary be what a benchmark starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "role" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A comparison means something only if all do the same.
func TestEveryPeerSplitsByWeightAndCopiesEveryRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("builds weir and starts other programs")
	}
	ctx := context.Background()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := options{conns: 8, dir: t.TempDir(), tools: peers.Tools{Self: self, Cache: cache()}}
	if o.tools.Weir, err = build(ctx, o.dir); err != nil {
		t.Fatal(err)
	}
	answer := stub.Behaviour{Body: []byte(inferAnswer)}
	for _, p := range o.tools.Peers() {
		t.Run(p.Name, func(t *testing.T) {
			needs(t, p.Name)
			f, err := o.newField(answer, answer, answer)
			if err != nil {
				t.Fatal(err)
			}
			defer f.close()
			shadow := ""
			if p.Mirrors {
				shadow = f.stubs.Addresses[2]
			}
			if err := f.enter(o, p.Name, p.Name, splitJob(f, shadow), inferRequest); err != nil {
				t.Fatal(err)
			}
			checkSplit(ctx, t, f, o.conns, p)
		})
	}
}

// cache is where bench/setup put Envoy.
func cache() string {
	if dir := os.Getenv("WEIR_CACHE"); dir != "" {
		return dir
	}
	return filepath.Join("..", ".cache")
}

// needs skips a peer that is not installed; where peers are required it fails.
func needs(t *testing.T, peer string) {
	t.Helper()
	missing := func(what string) {
		t.Helper()
		if os.Getenv("WEIR_REQUIRE_PEERS") == "1" {
			t.Fatal("run bench/setup: " + what)
		}
		t.Skip("bench/setup has not been run: " + what)
	}
	switch peer {
	case peers.NameNginx, peers.NameHAProxy, peers.NameHAProxyTCP:
		name := map[string]string{peers.NameNginx: "nginx"}[peer]
		if name == "" {
			name = "haproxy"
		}
		if _, err := exec.LookPath(name); err != nil {
			missing(err.Error())
		}
	case peers.NameEnvoy:
		if found, _ := filepath.Glob(cache() + "/venv-envoy/lib/python3*/site-packages/envoy/_bin/envoy"); len(found) == 0 {
			missing("no envoy")
		}
	}
}

func checkSplit(ctx context.Context, t *testing.T, f *field, conns int, p peers.Peer) {
	t.Helper()
	const total = 2000
	r, err := load.Count(ctx, f.contenders[0].target, conns, total)
	if err != nil || r.Requests != total {
		t.Fatalf("%d answered, %d failed (%s), %v", r.Requests, r.Errors, r.First, err)
	}
	var stats []stub.Stats
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if stats, err = f.stubs.Stats(); err != nil {
			t.Fatal(err)
		}
		if !p.Mirrors || stats[2].Calls >= total || time.Now().After(deadline) {
			break
		}
	}
	if got := stats[0].Calls + stats[1].Calls; got != total {
		t.Errorf("the arms saw %d requests", got)
	}
	// 200 ± 5 standard deviations of 13; by connection with TCP: nothing to say.
	if got := stats[1].Calls; p.Name != peers.NameHAProxyTCP && (got < 133 || got > 267) {
		t.Errorf("the second arm saw %d of %d requests", got, total)
	}
	if p.Mirrors && stats[2].Calls != total {
		t.Errorf("the shadow saw %d of %d requests", stats[2].Calls, total)
	}
	if p.Mirrors && stats[2].Bytes != int64(total*len(inferBody())) {
		t.Errorf("the shadow saw %d bytes of bodies", stats[2].Bytes)
	}
}
