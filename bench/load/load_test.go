package load_test

import (
	"context"
	"testing"
	"time"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/stub"
)

const request = "POST /v2/models/bench/infer?n=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"

func server(t *testing.T, b stub.Behaviour) *stub.Server {
	t.Helper()
	s, err := stub.Listen("127.0.0.1:0", b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestCountSendsExactlySoMany(t *testing.T) {
	s := server(t, stub.Behaviour{Body: []byte("{}")})
	r, err := load.Count(context.Background(), load.Target{Address: s.Address(), Request: []byte(request)}, 7, 1000)
	if err != nil || r.Requests != 1000 || r.Errors != 0 || s.Stats().Calls != 1000 || s.Stats().Bytes != 2000 {
		t.Errorf("%+v, %v, the server saw %+v", r.Requests, err, s.Stats())
	}
}

func TestOpenSendsWhatIsDueEvenIfTheServerIsSlow(t *testing.T) {
	// One connection and 20 ms an answer, at a request a millisecond: the last
	// of 50 was due 950 ms before it could be answered.
	s := server(t, stub.Behaviour{Body: []byte("{}"), Delay: 20 * time.Millisecond})
	r, err := load.Open(context.Background(), load.Target{Address: s.Address(), Request: []byte(request)}, 1, 1000, 50*time.Millisecond)
	if err != nil || r.Requests != 50 || r.Errors != 0 {
		t.Fatalf("%d answered, %d failed (%s), %v", r.Requests, r.Errors, r.First, err)
	}
	// The server cannot be faster than that; how much slower does not matter.
	if p := r.Latency.Quantile(.98); p < 900*time.Millisecond {
		t.Errorf("the wait for the connection was left out: p98 %s", p)
	}
}

func TestAConnectionThatBreaksIsAFailureAndIsMadeAnew(t *testing.T) {
	s := server(t, stub.Behaviour{Break: true})
	r, err := load.Count(context.Background(), load.Target{Address: s.Address(), Request: []byte(request)}, 2, 10)
	if err != nil || r.Requests != 0 || r.Errors != 10 {
		t.Errorf("%d answered, %d failed, %v", r.Requests, r.Errors, err)
	}
}

func TestNumbersThatCameBeforeAreCounted(t *testing.T) {
	s := server(t, stub.Behaviour{Body: []byte("{}"), Numbers: true})
	if _, err := load.Count(context.Background(), load.Target{Address: s.Address(), Request: []byte(request)}, 1, 3); err != nil {
		t.Fatal(err)
	}
	if twice := s.Stats().Twice; twice != 2 {
		t.Errorf("%d, want 2", twice)
	}
}

func TestEventsSayWhenTheyLeft(t *testing.T) {
	s := server(t, stub.Behaviour{Body: []byte("token"), Events: 1 << 20, Interval: 10 * time.Millisecond})
	var phases []load.Phase
	r, err := load.Events(context.Background(), load.Target{Address: s.Address(), Request: []byte(request)}, 3, time.Millisecond, 200*time.Millisecond,
		func(p load.Phase) error { phases = append(phases, p); return nil })
	if err != nil || r.Events == 0 || r.Broken != 0 || len(phases) != 3 {
		t.Errorf("%d events, %d broken, phases %v, %v", r.Events, r.Broken, phases, err)
	}
}

func TestHeldConnectionsStayOpen(t *testing.T) {
	s := server(t, stub.Behaviour{Body: []byte("{}")})
	h, err := load.Hold(context.Background(), load.Target{Address: s.Address(), Request: []byte(request)}, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if lost, err := h.Lost(); err != nil || lost != 0 {
		t.Errorf("%d lost, %v", lost, err)
	}
}
