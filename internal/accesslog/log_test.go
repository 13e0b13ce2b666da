package accesslog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weir-gateway/weir/internal/accesslog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func entry() *accesslog.Entry {
	return &accesslog.Entry{
		End: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), RequestID: "r-1", TraceID: [16]byte{1, 15: 255},
		Model: "flights", Version: "3", Generation: 17, Decision: "sticky", Method: "POST",
		Prefix: "/v2/models/flights", Rest: "/infer", Status: 502, Fault: "reset", Failed: true,
		Duration: 1500 * time.Microsecond, Upstream: time.Millisecond, BytesIn: 200, BytesOut: 90,
		Client: netip.MustParseAddr("192.0.2.7"),
	}
}

func commit(t *testing.T, l *accesslog.Log, s accesslog.Settings) {
	t.Helper()
	next, err := l.Prepare(s)
	if err != nil {
		t.Fatal(err)
	}
	next.Commit()
}

func lines(t *testing.T, text string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, fields)
	}
	return all
}

func TestALineHasEveryField(t *testing.T) {
	var out bytes.Buffer
	l := accesslog.New(accesslog.Options{Stderr: &out})
	commit(t, l, accesslog.Settings{Output: "stderr", Sample: 1})
	l.Add(entry())
	l.Close()
	want := `{"time":"2026-11-22T10:00:00Z","level":"ERROR","msg":"request","request_id":"r-1","model":"flights","version":"3",` +
		`"generation":17,"decision":"sticky","method":"POST","path":"/v2/models/flights/infer","status":502,"duration_seconds":0.0015,` +
		`"upstream_seconds":0.001,"bytes_in":200,"bytes_out":90,"fault":"reset","trace_id":"010000000000000000000000000000ff","client":"192.0.2.7"}` + "\n"
	if out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
}

func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	var out bytes.Buffer
	l := accesslog.New(accesslog.Options{Stderr: &out})
	commit(t, l, accesslog.Settings{Output: "stderr", Sample: 1})
	l.Add(&accesslog.Entry{Method: "GET", Prefix: "/", Status: 200})
	l.Close()
	for _, key := range []string{"fault", "trace_id", "client"} {
		if _, there := lines(t, out.String())[0][key]; there {
			t.Errorf("%s is there: %s", key, out.String())
		}
	}
}

func TestHostileTextStaysOnItsLine(t *testing.T) {
	var out bytes.Buffer
	l := accesslog.New(accesslog.Options{Stderr: &out})
	commit(t, l, accesslog.Settings{Output: "stderr", Sample: 1})
	e := entry()
	e.Rest = "/\xff\"\n{}\x00" + strings.Repeat("a", 1<<16)
	l.Add(e)
	e.Prefix = strings.Repeat("b", 1<<16)
	l.Add(e)
	l.Close()
	for _, fields := range lines(t, out.String()) {
		if path := fields["path"].(string); len(path) > 1030 || len(path) < 1020 {
			t.Errorf("a path of %d bytes", len(path))
		}
	}
}

func TestAnEntryOutlivesItsMemory(t *testing.T) {
	var out bytes.Buffer
	l := accesslog.New(accesslog.Options{Stderr: &out})
	commit(t, l, accesslog.Settings{Output: "stderr", Sample: 1})
	id := []byte("r-1")
	e := entry()
	e.RequestID = string(id)
	l.Add(e)
	*e = accesslog.Entry{}
	l.Close()
	if got := lines(t, out.String())[0]["request_id"]; got != "r-1" {
		t.Errorf("request_id %v", got)
	}
}

func TestSamplingKeepsItsShareAndEveryFailure(t *testing.T) {
	l := accesslog.New(accesslog.Options{Stderr: &bytes.Buffer{}, Seed: 5})
	defer l.Close()
	count := func(failed bool) (n int) {
		for range 100_000 {
			if l.Wants(failed) {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		s         accesslog.Settings
		low, high int
		failures  int // -1: as others
	}{
		{accesslog.Settings{}, 0, 0, -1},
		{accesslog.Settings{Sample: 1, Errors: true}, 0, 0, -1}, // no output: off
		{accesslog.Settings{Output: "stderr"}, 0, 0, -1},
		{accesslog.Settings{Output: "stderr", Errors: true}, 0, 0, 100_000},
		{accesslog.Settings{Output: "stderr", Sample: 0.01, Errors: true}, 850, 1150, 100_000}, // ± 4.7 standard deviations
		{accesslog.Settings{Output: "stderr", Sample: 1}, 100_000, 100_000, -1},
	} {
		commit(t, l, c.s)
		ok, failed := count(false), count(true)
		if ok < c.low || ok > c.high {
			t.Errorf("%+v: %d of 100,000, want %d to %d", c.s, ok, c.low, c.high)
		}
		if c.failures >= 0 && failed != c.failures || c.failures < 0 && (failed < c.low || failed > c.high) {
			t.Errorf("%+v: %d of 100,000 failures", c.s, failed)
		}
	}
}

func TestAFileIsOpenedAnewByEveryCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	l := accesslog.New(accesslog.Options{})
	s := accesslog.Settings{Output: path, Sample: 1}
	commit(t, l, s)
	l.Add(entry())
	for l.Stats().Lines == 0 {
		time.Sleep(time.Millisecond) // until the writer has come to it
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	commit(t, l, s)
	l.Add(entry())
	l.Add(entry())
	l.Close()
	for name, want := range map[string]int{path + ".1": 1, path: 2} {
		content, err := os.ReadFile(name)
		if err != nil || len(lines(t, string(content))) != want {
			t.Errorf("%s, want %d lines: %s %v", filepath.Base(name), want, content, err)
		}
	}
	if s := l.Stats(); s.Lines != 3 || s.QueueFull != 0 || s.WriteError != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAnOutputThatCannotBeOpenedChangesNothing(t *testing.T) {
	dir := t.TempDir()
	l := accesslog.New(accesslog.Options{})
	defer l.Close()
	path := filepath.Join(dir, "access.log")
	commit(t, l, accesslog.Settings{Output: path, Sample: 1})
	for _, bad := range []string{dir, filepath.Join(dir, "no", "such"), "stderr"} {
		if _, err := l.Prepare(accesslog.Settings{Output: bad}); err == nil || !strings.HasPrefix(err.Error(), "accesslog: ") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if !l.Wants(false) {
		t.Error("the log is off")
	}
}

// gate is an output that takes nothing until it is opened.
type gate struct {
	open chan struct{}
	sync.Mutex
	bytes.Buffer
	fail error
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	g.Lock()
	defer g.Unlock()
	if g.fail != nil {
		return 0, g.fail
	}
	return g.Buffer.Write(p)
}

func TestAHungOutputHoldsUpNobodyAndEveryEntryIsAccountedFor(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	l := accesslog.New(accesslog.Options{Stderr: g, Queue: 8})
	commit(t, l, accesslog.Settings{Output: "stderr", Sample: 1})
	for range 1000 {
		l.Add(entry())
	}
	commit(t, l, accesslog.Settings{Output: "stderr", Sample: 1})
	close(g.open)
	l.Close()
	s := l.Stats()
	if s.QueueFull < 900 || s.Lines+s.QueueFull != 1000 || len(lines(t, g.String())) != int(s.Lines) {
		t.Errorf("%+v, %d lines", s, len(lines(t, g.String())))
	}
}

func TestAFailingOutputIsCountedAndToldOnce(t *testing.T) {
	g := &gate{open: make(chan struct{}), fail: errors.New("no space left")}
	close(g.open)
	var told bytes.Buffer
	now := time.Unix(0, 0)
	l := accesslog.New(accesslog.Options{Stderr: g, Log: slog.New(slog.NewTextHandler(&told, nil)), Now: func() time.Time { return now }})
	commit(t, l, accesslog.Settings{Output: "stderr", Sample: 1})
	for i := range 5 {
		l.Add(entry())
		for l.Stats().WriteError != uint64(i+1) {
			time.Sleep(time.Millisecond)
		}
	}
	g.Lock()
	g.fail = nil
	g.Unlock()
	l.Add(entry())
	l.Close()
	if n := strings.Count(told.String(), "no space left"); n != 1 || !strings.Contains(told.String(), "written again") {
		t.Errorf("told %d times:\n%s", n, told.String())
	}
	if s := l.Stats(); s.WriteError != 5 || s.Lines != 1 {
		t.Errorf("%+v", s)
	}
}

func TestAddingDoesNotAllocate(t *testing.T) {
	l := accesslog.New(accesslog.Options{Stderr: &bytes.Buffer{}, Queue: 1 << 16})
	defer l.Close()
	e := entry()
	if n := testing.AllocsPerRun(1000, func() {
		if l.Wants(true) {
			l.Add(e)
		}
	}); n > 0 {
		t.Errorf("%v allocations while the log is off", n)
	}
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkLog(b *testing.B) {
	for _, s := range []accesslog.Settings{{}, {Output: "stderr", Sample: 0.01, Errors: true}, {Output: "stderr", Sample: 1}} {
		b.Run(fmt.Sprintf("sample=%v", s.Sample), func(b *testing.B) {
			l := accesslog.New(accesslog.Options{Stderr: nowhere{}})
			defer l.Close()
			next, err := l.Prepare(s)
			if err != nil {
				b.Fatal(err)
			}
			next.Commit()
			e := entry()
			b.ReportAllocs()
			for b.Loop() {
				if l.Wants(false) {
					l.Add(e)
				}
			}
			b.ReportMetric(float64(l.Stats().QueueFull)/float64(b.N), "dropped/op")
		})
	}
}

// What a line costs altogether, on the request's goroutine and on the writer's.
func BenchmarkLine(b *testing.B) {
	l := accesslog.New(accesslog.Options{Stderr: nowhere{}})
	defer l.Close()
	next, err := l.Prepare(accesslog.Settings{Output: "stderr", Sample: 1})
	if err != nil {
		b.Fatal(err)
	}
	next.Commit()
	e := entry()
	b.ReportAllocs()
	sent := uint64(0)
	for b.Loop() {
		l.Add(e)
		for sent++; sent-l.Stats().Lines > 2000; {
			time.Sleep(50 * time.Microsecond)
		}
	}
	if n := l.Stats().QueueFull; n > 0 {
		b.Fatalf("%d dropped", n)
	}
}
