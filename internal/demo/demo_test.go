package demo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
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

// audience is where the story is told to. When it hears the cue it calls then,
// once, from another goroutine: the story goes on meanwhile.
type audience struct {
	bytes.Buffer
	cue  string
	then func(heard string)
}

func (a *audience) Write(p []byte) (int, error) {
	n, err := a.Buffer.Write(p)
	if a.then != nil && strings.Contains(a.String(), a.cue) {
		go a.then(a.String())
		a.then = nil
	}
	return n, err
}

const seed = 1

// trained is made once: under the race detector training takes most of the time.
var trained = sync.OnceValues(func() (*cast, error) { return prepare(seed) })

// play is Run with a scale of its own.
func play(ctx context.Context, t *testing.T, out io.Writer, fast bool, sc scale) error {
	t.Helper()
	if testing.Short() {
		t.Skip("trains four models, and the story takes up to a minute")
	}
	with, err := trained()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Fast: fast, Seed: seed, Out: out, Log: slog.New(slog.DiscardHandler)}
	return run(ctx, o, &console{out: out, now: time.Now}, with, sc)
}

func TestTheStoryEndsAsItHasToAndTheGatewayStaysUp(t *testing.T) {
	t.Logf("seed %d", seed)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	metrics := make(chan string, 1)
	out := &audience{cue: "dashboard ", then: func(heard string) {
		defer cancel() // Ctrl-C
		metrics <- get(t, regexp.MustCompile(`http://\S+/metrics`).FindString(heard))
	}}
	if err := play(ctx, t, out, false, sizes(true)); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Log(out.String())
	for _, want := range []string{"version 2 promoted", "version 3 rolled back", "its monitor names dep_delay", "drifted: ", ", 0 failed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the story does not say %q", want)
		}
	}
	if got := <-metrics; !strings.Contains(got, `weir_rollbacks_total{cause="guardrail",model="flights"} 1`) {
		t.Errorf("the metrics of the gateway that stayed up do not count the rollback:\n%.2000s", got)
	}
}

func TestAnEndedContextEndsTheStory(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &audience{cue: "weir switch", then: func(string) { cancel() }}
	err := play(ctx, t, out, true, sizes(true))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want one that says the context ended; output:\n%s", err, out.String())
	}
}

func TestAnActThatGoesOtherwiseIsAnError(t *testing.T) {
	sc := sizes(true)
	sc.patience = 1 // a nanosecond
	var out bytes.Buffer
	err := play(t.Context(), t, &out, true, sc)
	if err == nil || !strings.Contains(err.Error(), "act a went otherwise") {
		t.Errorf("error %v, want that act a went otherwise", err)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Error(err)
		return ""
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer func() { _ = res.Body.Close() }() // read to its end
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}
