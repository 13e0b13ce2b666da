package handover_test

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/weir-gateway/weir/internal/handover"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func socket(t *testing.T) (path string, l net.Listener) {
	t.Helper()
	dir, err := os.MkdirTemp("", "weir")
	if err != nil {
		t.Fatal(err)
	}
	l, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(); _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "takeover", "socket"), l
}

func offer(t *testing.T, path string, l net.Listener, release func()) *handover.Offer {
	t.Helper()
	give := func() []handover.Socket { return []handover.Socket{{Name: "http", Address: "configured", Listener: l}} }
	o, err := handover.NewOffer(path, give, release, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

func TestASocketChangesHands(t *testing.T) {
	path, old := socket(t)
	released := false
	o := offer(t, path, old, func() { released = true })
	taken, err := handover.Take(path)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if taken.Listener("http", "another address") != nil {
		t.Error("a socket was given for an address that it isn't configured for")
	}
	l := taken.Listener("http", "configured")
	defer l.Close()
	if err := taken.Ready(); err != nil || !released {
		t.Errorf("ready: %v, released %v", err, released)
	}
	<-o.Taken()
	_ = old.Close()
	if _, err := net.Dial("tcp", l.Addr().String()); err != nil {
		t.Error(err)
	}
	if conn, err := l.Accept(); err != nil {
		t.Error(err)
	} else {
		_ = conn.Close()
	}
	// The path is free for the next offer.
	offer(t, path, l, func() {})
}

func TestWithoutReadyNothingChanges(t *testing.T) {
	path, l := socket(t)
	o := offer(t, path, l, func() { t.Error("released") })
	for range 2 {
		taken, err := handover.Take(path)
		if err != nil {
			t.Fatal(err)
		}
		taken.Close()
	}
	select {
	case <-o.Taken():
		t.Error("taken")
	default:
	}
}

func TestWithoutAnOfferThereIsNothingToTake(t *testing.T) {
	path, l := socket(t)
	if taken, err := handover.Take(path); taken != nil || err != nil {
		t.Errorf("got %v, %v", taken, err)
	}
	var none *handover.Taken
	if none.Listener("http", "") != nil || none.Ready() != nil {
		t.Error("nothing taken isn't nothing")
	}
	none.Close()
	// A killed process leaves its socket behind.
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	offer(t, path, l, func() {})
}

func TestTwoProcessesCannotOfferAtOnePlace(t *testing.T) {
	path, l := socket(t)
	offer(t, path, l, func() {})
	if _, err := handover.NewOffer(path, nil, nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("two do")
	}
}
