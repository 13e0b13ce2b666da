package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
	"github.com/weir-gateway/weir/rollout/judge"
)

// scripted answers every question about the rollout with the next of the walks, the last one again and again.
func scripted(t *testing.T, walks ...rollout.Rollout) string {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i := min(int(asked.Add(1)), len(walks)) - 1
		if err := json.NewEncoder(w).Encode(walks[i]); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// walk is one at its first step of two, with the log entries given.
func walk(status rollout.Status, step int, entries ...string) rollout.Rollout {
	w := rollout.Rollout{
		ID: "1", Model: "flights", Stable: "2", Candidate: "3", Status: status, Step: step, Why: "because of " + string(status),
		CandidateRequests: 120,
		Plan: rollout.Plan{Steps: []rollout.Step{
			{Weight: registry.Full / 100, MinRequests: 500}, {Weight: registry.Full / 2},
		}},
		Verdicts: []judge.Verdict{{Metric: "errors", Outcome: judge.Pass, Words: "errors are fine"}},
	}
	for i, words := range entries {
		w.Log = append(w.Log, rollout.Entry{At: time.Unix(int64(i+1), 0), Kind: rollout.KindStep, By: "weir", Words: words})
	}
	return w
}

// follow runs one command line against the scripted gateway.
func follow(t *testing.T, terminal bool, url string, args ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{
		in: strings.NewReader(""), out: &stdout, err: &stderr, terminal: terminal, colour: terminal,
		getenv: func(name string) string { return map[string]string{"WEIR_ADMIN": url}[name] },
		width:  func() int { return 60 },
		pace:   time.Millisecond,
	}
	code = a.execute(t.Context(), args)
	return code, stdout.String(), stderr.String()
}

func TestFollowedRolloutEndsWithItsExitCode(t *testing.T) {
	for status, code := range map[rollout.Status]int{
		rollout.Promoted: 0, rollout.RolledBack: 3, rollout.Aborted: 3,
		rollout.Held: 4, rollout.WaitingApproval: 4, rollout.Paused: 4, "dancing": 1,
	} {
		url := scripted(t, walk(rollout.Running, 0, "to 1 %"), walk(status, 1, "to 1 %", "to 50 %"))
		for _, args := range [][]string{
			{"rollout", "start", "flights", "3", "--wait"},
			{"rollout", "status", "flights", "--wait"},
		} {
			got, out, stderr := follow(t, false, url, args...)
			if got != code {
				t.Errorf("%v of a walk that is %s: exit code %d, want %d\n%s%s", args, status, got, code, out, stderr)
			}
		}
	}
}

func TestPipeGetsEachLogEntryOnceAndNoEscapes(t *testing.T) {
	url := scripted(t, walk(rollout.Running, 0, "to 1 %"), walk(rollout.Running, 0, "to 1 %"),
		walk(rollout.Baking, 2, "to 1 %", "to 50 %"), walk(rollout.Promoted, 2, "to 1 %", "to 50 %", "done"))
	code, out, stderr := follow(t, false, url, "rollout", "start", "flights", "3", "--wait")
	if code != 0 || stderr != "" {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 4 || !strings.HasSuffix(lines[0], "to 1 %") || !strings.HasSuffix(lines[2], "done") || lines[3] != "promoted: because of promoted" {
		t.Errorf("printed %q", lines)
	}
	if strings.Contains(out, "\x1b") {
		t.Errorf("escapes in a pipe: %q", out)
	}
}

func TestTerminalIsRedrawnInPlace(t *testing.T) {
	long := walk(rollout.Running, 0)
	long.Why = strings.Repeat("long ", 40)
	url := scripted(t, long, walk(rollout.RolledBack, 1))
	code, out, _ := follow(t, true, url, "rollout", "start", "flights", "3", "--wait")
	if code != 3 || strings.Count(out, "\x1b[J") != 2 || !strings.Contains(out, "\x1b[4A") {
		t.Errorf("exit code %d, drew %q", code, out)
	}
	if !strings.Contains(out, "▸1 %") || !strings.Contains(out, "✓1 %") || !strings.Contains(out, "120 of at least 500 requests") {
		t.Errorf("drew %q", out)
	}
	for line := range strings.SplitSeq(out, "\n") {
		if strings.Contains(line, "long") && (len(line) > 80 || !strings.HasSuffix(line, "…\x1b[0m")) {
			t.Errorf("a line is wider than the terminal: %q", line)
		}
	}
}

func TestFollowerStopsWhenAnotherRolloutTookOver(t *testing.T) {
	other := walk(rollout.Running, 0)
	other.ID = "2"
	code, _, stderr := follow(t, false, scripted(t, walk(rollout.Running, 0), other), "rollout", "start", "flights", "3", "--wait")
	if code != 1 || !strings.Contains(stderr, "another rollout of flights") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

func TestFollowedRolloutAsJSONIsOneDocument(t *testing.T) {
	url := scripted(t, walk(rollout.Running, 0), walk(rollout.RolledBack, 0))
	code, out, _ := follow(t, false, url, "rollout", "start", "flights", "3", "--wait", "--json")
	var got rollout.Rollout
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 3 || got.Status != rollout.RolledBack {
		t.Errorf("exit code %d, %v, %s", code, err, out)
	}
}

func TestColoursFollowTheTerminal(t *testing.T) {
	url := scripted(t, walk(rollout.Promoted, 2))
	for _, terminal := range []bool{false, true} {
		_, out, _ := follow(t, terminal, url, "rollout", "status", "flights")
		if got := strings.Contains(out, "\x1b["); got != terminal {
			t.Errorf("colours %v with terminal %v: %q", got, terminal, out)
		}
	}
}

func TestStepsAndGuardrailsAreRead(t *testing.T) {
	step, err := parseStep("5:1000:1m30s:approve")
	if err != nil || step.Weight.String() != "5" || step.MinRequests != 1000 || time.Duration(step.MinTime) != 90*time.Second || !step.Approve {
		t.Errorf("step %+v, %v", step, err)
	}
	if step, err = parseStep("0.25%"); err != nil || step.Weight.String() != "0.25" {
		t.Errorf("step %+v, %v", step, err)
	}
	for text, want := range map[string]judge.Guardrail{
		"errors=0.5":      {Metric: "errors", Margin: 0.5},
		"latency:0.99=20": {Metric: "latency", Quantile: 0.99, Margin: 20},
		"prediction=0.1":  {Metric: "prediction", Margin: 0.1},
		"quality=2":       {Metric: "quality", Margin: 2},

		"prediction@origin,header:x-tenant=0.2": {Metric: "prediction", Margin: 0.2, Slices: []string{"origin", "header:x-tenant"}},
	} {
		if got, err := parseGuardrail(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "101", "-1", "5:-1", "5::-1s", "5:::no", "5:1:1s:approve:x"} {
		if step, err := parseStep(text); err == nil {
			t.Errorf("%q is read as %+v", text, step)
		}
	}
}
