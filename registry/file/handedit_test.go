package file

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/registry"
)

// await waits until the store's state is as wished for.
func await(t *testing.T, s *Store, what string, wished func(registry.Snapshot) bool) registry.Snapshot {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var last registry.Snapshot
	found := false
	err := s.Watch(ctx, func(snapshot registry.Snapshot) {
		last = snapshot
		if wished(snapshot) {
			found = true
			cancel()
		}
	})
	if !found {
		t.Fatalf("waiting for %s: %v; problems %v, traffic %+v", what, err, last.Problems, last.Models["flights"].Traffic)
	}
	return last
}

// atGeneration is the state without problems at a generation.
func atGeneration(generation uint64) func(registry.Snapshot) bool {
	return func(snapshot registry.Snapshot) bool {
		traffic := snapshot.Models["flights"].Traffic
		return len(snapshot.Problems) == 0 && traffic != nil && traffic.Generation == generation
	}
}

func hasProblem(snapshot registry.Snapshot) bool { return len(snapshot.Problems) > 0 }
func hasNone(snapshot registry.Snapshot) bool    { return len(snapshot.Problems) == 0 }

func read(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "flights.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// write writes the document in place, as some editors do.
func write(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "flights.json"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// swap writes the document anew and renames it into place, as others do.
func swap(t *testing.T, dir, text string) {
	t.Helper()
	aside := filepath.Join(dir, "4913")
	if err := os.WriteFile(aside, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(aside, filepath.Join(dir, "flights.json")); err != nil {
		t.Fatal(err)
	}
}

// edited replaces the first occurrence, which must be there.
func edited(t *testing.T, text, from, to string) string {
	t.Helper()
	if !strings.Contains(text, from) {
		t.Fatalf("no %q in\n%s", from, text)
	}
	return strings.Replace(text, from, to, 1)
}

const (
	armsOf1 = `"arms": [
      {
        "version": "1",
        "weight": 100
      }
    ]`
	armsOf2 = `"arms": [ { "version": "2", "weight": 100 } ]`
	split   = `"arms": [ { "version": "1", "weight": 66.6667 }, { "version": "2", "weight": 33.3333 } ]`
)

func TestTrafficEditedByHandIsTheNextGeneration(t *testing.T) {
	for name, put := range map[string]func(*testing.T, string, string){"in place": write, "by rename": swap} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := seeded(t, dir)
			put(t, dir, edited(t, read(t, dir), armsOf1, split))
			got := *await(t, s, "the edit", atGeneration(2)).Models["flights"].Traffic
			if got.Cause != registry.CauseHandEdit || got.Actor != "file" || got.Reason != "edited by hand in flights.json" {
				t.Errorf("recorded as %q by %q because %q", got.Cause, got.Actor, got.Reason)
			}
			if fmt.Sprint(got.Arms) != "[{1 66.6667} {2 33.3333}]" {
				t.Errorf("arms %v", got.Arms)
			}
			history, err := s.History(t.Context(), "flights", 0)
			if err != nil || len(history) != 2 || line(history[0]) != line(got) {
				t.Errorf("history %v, %v", history, err)
			}
			if text := read(t, dir); !strings.Contains(text, `"generation": 2,`) || !strings.Contains(text, line(got)) {
				t.Errorf("the edit was not written back:\n%s", text)
			}
			if next, err := s.Commit(t.Context(), whole("1"), 2); err != nil || next.Generation != 3 {
				t.Errorf("commit on the edit: %v", err)
			}
		})
	}
}

func TestLookingNowAndThenIsEnough(t *testing.T) {
	dir := t.TempDir()
	if err := seeded(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	s := openWith(t, dir, Options{Poll: 10 * time.Millisecond, Settle: 10 * time.Millisecond, blind: true})
	good := read(t, dir)
	swap(t, dir, edited(t, good, armsOf1, split))
	await(t, s, "the edit", atGeneration(2))
	swap(t, dir, good) // cuts the history
	await(t, s, "a problem", hasProblem)
	if err := os.Remove(filepath.Join(dir, "flights.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), whole("1"), 2); err != nil {
		t.Fatal(err)
	}
	await(t, s, "the next generation", atGeneration(3))
}

func TestHandEditMadeWhileNobodyWatchedIsTakenOver(t *testing.T) {
	dir := t.TempDir()
	if err := seeded(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	text := edited(t, edited(t, read(t, dir), armsOf1, armsOf2), `"stable": "1"`, `"stable": "2"`)
	write(t, dir, edited(t, text, `"reason": "because"`, `"reason": "night shift"`))
	got := *await(t, open(t, dir), "the edit", atGeneration(2)).Models["flights"].Traffic
	if got.Stable != "2" || got.Reason != "night shift" || strings.Join(got.Standby, ",") != "1" {
		t.Errorf("taken over as %+v", got)
	}
}

func TestCommitAfterAnUnseenHandEditIsStale(t *testing.T) {
	dir := t.TempDir()
	s := seeded(t, dir)
	// Committing at once, before any watch can have told.
	swap(t, dir, edited(t, read(t, dir), armsOf1, split))
	if _, err := s.Commit(t.Context(), whole("2"), 1); err == nil || !strings.Contains(err.Error(), "generation is 2") {
		t.Errorf("error %v, want one that says that the generation is 2", err)
	}
}

func TestBookkeepingEditedByHandIsPutBack(t *testing.T) {
	dir := t.TempDir()
	s := seeded(t, dir)
	want := read(t, dir)
	write(t, dir, edited(t, want, `"generation": 1`, `"generation": 7`))
	for deadline := time.Now().Add(30 * time.Second); read(t, dir) != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still\n%s", read(t, dir))
		}
	}
	await(t, s, "the same generation", atGeneration(1))
}

func TestDocumentWrittenByHandIsTakenOver(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	write(t, dir, "\xef\xbb\xbf"+`{"versions":[{"version":"a","endpoints":["http://h:1"]}],
		"traffic":{"stable":"a","arms":[{"version":"a","weight":1e2}]}}`)
	model := await(t, s, "the model", atGeneration(1)).Models["flights"]
	v := model.Versions[0]
	if v.Model != "flights" || v.By != "file" || v.Registered.IsZero() {
		t.Errorf("registered as %+v", v)
	}
	if !strings.Contains(read(t, dir), checksum(v)) {
		t.Errorf("no checksum in\n%s", read(t, dir))
	}
	if _, err := s.Register(t.Context(), registry.Version{Model: "flights", Version: "a", Endpoints: []string{"http://h:1"}}); err != nil {
		t.Errorf("registering the same by command: %v", err)
	}
}

func TestVersionAddedByHandIsRegistered(t *testing.T) {
	dir := t.TempDir()
	s := seeded(t, dir)
	write(t, dir, edited(t, read(t, dir), `"versions": [`, `"versions": [ {"version":"3","endpoints":["http://127.0.0.1:9003"]},`))
	await(t, s, "the version", func(snapshot registry.Snapshot) bool { return len(snapshot.Models["flights"].Versions) == 3 })
	if _, err := s.Commit(t.Context(), whole("3"), 1); err != nil {
		t.Error(err)
	}
}

// TestRefusedEditsKeepTheLastGood makes each edit twice: under a running store
// and while there is none.
func TestRefusedEditsKeepTheLastGood(t *testing.T) {
	for _, test := range refusals {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			s := seeded(t, dir)
			good := read(t, dir)
			swap(t, dir, test.edit(t, good))
			snapshot := await(t, s, "a problem", hasProblem)
			checkProblem(t, snapshot.Problems, test.want)
			if traffic := snapshot.Models["flights"].Traffic; traffic == nil || traffic.Generation != 1 || traffic.Stable != "1" {
				t.Errorf("the last good did not stay: %+v", traffic)
			}
			if n := len(snapshot.Models["flights"].Versions); n != 2 {
				t.Errorf("%d versions", n)
			}
			swap(t, dir, good)
			await(t, s, "the mended document", func(snapshot registry.Snapshot) bool { return hasNone(snapshot) && atGeneration(1)(snapshot) })
			if test.seenOnlyRunning {
				return
			}
			swap(t, dir, test.edit(t, good))
			fresh, err := open(t, dir).Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			checkProblem(t, fresh.Problems, test.cold)
		})
	}
}

// checkProblem wants one problem with the file's name, a place and the words.
func checkProblem(t *testing.T, problems []error, want string) {
	t.Helper()
	if len(problems) != 1 {
		t.Fatalf("problems %v, want one", problems)
	}
	_, text, _ := strings.Cut(problems[0].Error(), "flights.json:")
	if !strings.HasPrefix(text, want) {
		t.Errorf("problem\n\t%v\nwant\n\t…flights.json:%s…", problems[0], want)
	}
}

func TestEditUnderWayIsNotAProblem(t *testing.T) {
	dir := t.TempDir()
	if err := seeded(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	s := openWith(t, dir, Options{Settle: time.Hour})
	whole := []byte(edited(t, read(t, dir), armsOf1, split))
	problems := 0
	ctx, cancel := context.WithCancel(t.Context())
	watched := make(chan error, 1)
	go func() {
		watched <- s.Watch(ctx, func(snapshot registry.Snapshot) { problems += len(snapshot.Problems) })
	}()
	// The folder is looked at after every piece, and no time is given.
	f, err := os.OpenFile(filepath.Join(dir, "flights.json"), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		t.Fatal(err)
	}
	for part := range bytes.SplitAfterSeq(whole, []byte{'\n'}) {
		if _, err := f.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	await(t, s, "the edit", atGeneration(2))
	cancel()
	<-watched
	if problems > 0 {
		t.Errorf("%d problems while an editor wrote", problems)
	}
}
