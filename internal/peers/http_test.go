package peers

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"
)

// call makes one request on a connection of its own.
func call(method, url, contentType string, body []byte) (status int, head http.Header, answer []byte, err error) {
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	request, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, response.Header, answer, err
}

// own are the header fields that the gateway adds, and those that differ between
// any two answers of one server.
var own = []string{"X-Request-Id", "X-Weir-Model", "X-Weir-Version", "Date"}

// sameAnswer sends one request to the server directly and through the gateway, and
// demands the same answer: status, body byte for byte, and header fields.
func sameAnswer(t *testing.T, method, direct, through, contentType string, body []byte, status int) {
	t.Helper()
	s1, h1, b1, err := call(method, direct, contentType, body)
	if err != nil {
		t.Fatal(err)
	}
	s2, h2, b2, err := call(method, through, contentType, body)
	if err != nil {
		t.Fatal(err)
	}
	if s1 != status {
		t.Errorf("%s %s answers %d, want %d: %s", method, direct, s1, status, b1)
	}
	if s1 != s2 || !bytes.Equal(b1, b2) {
		t.Errorf("%s %s\ndirectly %d %s\nthrough  %d %s", method, direct, s1, b1, s2, b2)
	}
	if h2.Get("X-Weir-Version") != "1" || h2.Get("X-Request-Id") == "" {
		t.Errorf("%s %s did not go through version 1: %v", method, through, h2)
	}
	sameHeader(t, h1, h2)
}

func sameHeader(t *testing.T, direct, through http.Header) {
	t.Helper()
	for _, h := range []http.Header{direct, through} {
		for _, name := range append(slices.Clone(own), "Connection") {
			h.Del(name)
		}
	}
	a, _ := json.Marshal(direct)
	b, _ := json.Marshal(through)
	if !bytes.Equal(a, b) {
		t.Errorf("header fields\ndirectly %s\nthrough  %s", a, b)
	}
}

// summary is the part of the monitor's JSON that these tests read.
type summary struct {
	Observations int
	Dropped      map[string]int
	Features     []feature
	Software     struct{ Requests, Errors int }
}

type feature struct {
	Name, Role, Kind                string
	Count, Missing, Invalid, Unseen int
	Mean                            *float64
	Categories                      any
	Scores                          []struct {
		Method    string
		Value     float64
		Reference string
	}
}

// monitor waits until the monitor of version 1 has seen so many observations and
// returns its summary. What was dropped is a failure at once.
func (w *weir) monitor(model string, observations int) (s summary) {
	w.t.Helper()
	await(w.t, "the monitor to see all observations", nil, func() bool {
		status, _, body, err := call(http.MethodGet, w.admin+"/api/v1/models/"+model+"/monitor?version=1", "", nil)
		if err != nil || status != http.StatusOK {
			w.t.Fatalf("monitor: %d %v %s", status, err, body)
		}
		s = summary{}
		if err := json.Unmarshal(body, &s); err != nil {
			w.t.Fatalf("monitor: %v in %s", err, body)
		}
		for reason, n := range s.Dropped {
			if n > 0 {
				w.t.Fatalf("the monitor dropped %d exchanges: %s", n, reason)
			}
		}
		return s.Observations >= observations
	})
	if s.Observations != observations {
		w.t.Errorf("%d observations, want %d", s.Observations, observations)
	}
	return s
}

// wantFeature demands a feature that was seen so often, and never wrong.
func (s summary) wantFeature(t *testing.T, name, role string, count int) {
	t.Helper()
	for _, f := range s.Features {
		if f.Name != name || f.Role != role {
			continue
		}
		if f.Count != count || f.Missing != 0 || f.Invalid != 0 {
			t.Errorf("%s %s: %d cells, %d missing, %d invalid; want %d, 0, 0", role, name, f.Count, f.Missing, f.Invalid, count)
		}
		if len(f.Scores) == 0 || f.Scores[0].Reference != "profile" {
			t.Errorf("%s %s has no score against the profile: %+v", role, name, f.Scores)
		}
		return
	}
	t.Errorf("no %s %s among %+v", role, name, s.Features)
}
