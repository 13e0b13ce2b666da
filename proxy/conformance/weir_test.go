package conformance_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/router"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// setup is what a test wants of its gateway.
type setup struct {
	config   proxy.Config
	settings proxy.Settings
	pool     proxy.PoolConfig
	observer proxy.Observer
}

// gateway is Weir in this process.
type gateway struct {
	address string
	stop    func() // waits until the last request has ended
}

// weir runs the gateway in front of one origin, until the test ends.
func weir(t testing.TB, upstream string, s setup) gateway {
	t.Helper()
	s.pool.Endpoints = []string{"http://" + upstream}
	s.pool.HealthInterval, s.pool.Warm = time.Hour, -1
	pool, err := proxy.NewPool(s.pool, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := proxy.New(s.config, slog.New(slog.DiscardHandler))
	server.Swap(state(t, pool, s))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	stop := sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		pool.Close()
	})
	t.Cleanup(stop)
	return gateway{l.Addr().String(), stop}
}

// state routes everything under /m to one version.
func state(t testing.TB, pool *proxy.Pool, s setup) *proxy.State {
	t.Helper()
	table, err := router.Compile([]router.Spec{{
		Model: "m", Prefix: "/m",
		Traffic:  &registry.Traffic{Model: "m", Generation: 1, Stable: "1", Arms: []registry.Arm{{Version: "1", Weight: registry.Full}}},
		Versions: []registry.Version{{Model: "m", Version: "1", Endpoints: s.pool.Endpoints}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if s.observer == nil {
		s.observer = blind{}
	}
	st, err := proxy.NewState(table, []proxy.Target{{Pool: pool, Observer: s.observer}}, []proxy.Settings{s.settings})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// blind is an observer that doesn't look.
type blind struct{}

func (blind) Begin()              {}
func (blind) End(*proxy.Exchange) {}
func (blind) Dropped(string)      {}
