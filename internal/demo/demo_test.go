package demo_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weir-gateway/weir/internal/demo"
)

// Goroutines of fasthttp sleep up to ten seconds before they notice the end of
// their server, or live with the process.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"),
	)
}

func TestTheStoryEndsAsItHasTo(t *testing.T) {
	if testing.Short() {
		t.Skip("takes up to a minute")
	}
	const seed = 1
	t.Logf("seed %d", seed)
	var out bytes.Buffer
	if err := demo.Run(t.Context(), demo.Options{Fast: true, Seed: seed, Out: &out}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Log(out.String())
	for _, want := range []string{"version 2 promoted", "version 3 rolled back", "its monitor names dep_delay", "temp", "0 failed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the story does not say %q", want)
		}
	}
}

func TestAnEndedContextEndsTheStoryWithoutALeak(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var out bytes.Buffer
	err := demo.Run(ctx, demo.Options{Fast: true, Seed: 1, Out: &out})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want one that says the context ended; output:\n%s", err, out.String())
	}
}
