package file

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/registry"
)

// unsynced is a temporary file that is not flushed: what takes the time of a
// thousand commits is not what these tests are about.
type unsynced struct{ tempFile }

func (unsynced) Sync() error { return nil }

func noSync(s *Store) {
	s.create = func(dir, pattern string) (tempFile, error) {
		f, err := createTemp(dir, pattern)
		return unsynced{f}, err
	}
}

// fill commits until a generation, each with evidence.
func commitUntil(t testing.TB, s *Store, from, until uint64) {
	t.Helper()
	evidence, err := json.Marshal(map[string]string{"verdicts": strings.Repeat("e", 500)})
	if err != nil {
		t.Fatal(err)
	}
	for expect := from; expect < until; expect++ {
		next := whole("1")
		next.Reason, next.Evidence = fmt.Sprint("change ", expect+1), evidence
		if _, err := s.Commit(t.Context(), next, expect); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLongHistoryMovesToTheArchive(t *testing.T) {
	dir := t.TempDir()
	s := seeded(t, dir)
	noSync(s)
	const until = 2*segment + 1
	commitUntil(t, s, 1, until)
	files, err := os.ReadDir(filepath.Join(dir, "history", "flights"))
	if err != nil || len(files) != 1 || files[0].Name() != "0000000001-0000000128.jsonl" {
		t.Fatalf("archive %v, %v", files, err)
	}
	if lines := strings.Count(read(t, dir), `"reason":"change `); lines != until-segment {
		t.Errorf("the document has %d generations, want %d", lines, until-segment)
	}
	for name, s := range map[string]*Store{"the same store": s, "another store": open(t, dir)} {
		history, err := s.History(t.Context(), "flights", 0)
		if err != nil || len(history) != until {
			t.Fatalf("%s: %d generations, %v", name, len(history), err)
		}
		for i, traffic := range history {
			if traffic.Generation != uint64(until-i) {
				t.Fatalf("%s: generation %d in place of %d", name, traffic.Generation, until-i)
			}
		}
	}
}

// TestKilledWhileArchivingLosesNothing leaves what a writer leaves that was
// killed between the archive and the document.
func TestKilledWhileArchivingLosesNothing(t *testing.T) {
	dir := t.TempDir()
	s := seeded(t, dir)
	noSync(s)
	const full = 2*segment - 1
	commitUntil(t, s, 1, full)
	before := read(t, dir)
	commitUntil(t, s, full, full+1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	swap(t, dir, before)
	s = open(t, dir)
	noSync(s)
	commitUntil(t, s, full, full+3)
	history, err := s.History(t.Context(), "flights", 0)
	if err != nil || len(history) != full+3 {
		t.Errorf("%d generations, %v", len(history), err)
	}
}

func TestMissingArchiveIsNamedAndStopsNoTraffic(t *testing.T) {
	dir := t.TempDir()
	s := seeded(t, dir)
	noSync(s)
	commitUntil(t, s, 1, 300)
	file := filepath.Join(dir, "history", "flights", "0000000001-0000000128.jsonl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func() error{
		"generation 128 is missing": func() error { return os.Remove(file) },
		"cannot be read":            func() error { return os.RemoveAll(filepath.Join(dir, "history")) },
		"jsonl:2: not a generation": func() error {
			return os.WriteFile(file, []byte(strings.Replace(string(text), "\n{", "\n{,", 1)), 0o600)
		},
	} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		fresh := open(t, dir)
		if snapshot, err := fresh.Snapshot(t.Context()); err != nil || !atGeneration(300)(snapshot) {
			t.Errorf("%s: %+v, %v", want, snapshot, err)
		}
		if recent, err := fresh.History(t.Context(), "flights", 100); err != nil || len(recent) != 100 {
			t.Errorf("%s: recent history %d, %v", want, len(recent), err)
		}
		if _, err := fresh.History(t.Context(), "flights", 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

// BenchmarkCommit commits on a history of some length, flushed to disk.
func BenchmarkCommit(b *testing.B) {
	for _, length := range []uint64{1, 255, 10_000} {
		b.Run(fmt.Sprint("generations=", length), func(b *testing.B) {
			dir := b.TempDir()
			s := seeded(b, dir)
			noSync(s)
			commitUntil(b, s, 1, length)
			s.create = createTemp
			generation := length
			for b.Loop() {
				commitUntil(b, s, generation, generation+1)
				generation++
			}
			b.StopTimer()
			info, err := os.Stat(s.path("flights"))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(info.Size()), "B/document")
			var history []registry.Traffic
			if history, err = s.History(b.Context(), "flights", 0); err != nil || uint64(len(history)) != generation {
				b.Fatalf("%d generations, %v", len(history), err)
			}
		})
	}
}
