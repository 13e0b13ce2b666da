package file

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weir-gateway/weir/registry"
)

func TestStateIsThereAfterReopening(t *testing.T) {
	dir := t.TempDir()
	s := seeded(t, dir)
	if err := s.PutRollout(t.Context(), "flights", []byte(`{"step":1}`)); err != nil {
		t.Fatal(err)
	}
	digest, err := s.PutProfile(t.Context(), []byte("profile"))
	if err != nil {
		t.Fatal(err)
	}
	want, _ := s.Snapshot(t.Context())
	text := read(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	got, _ := s.Snapshot(t.Context())
	if len(got.Problems) > 0 || line(*got.Models["flights"].Traffic) != line(*want.Models["flights"].Traffic) {
		t.Errorf("problems %v, traffic %+v", got.Problems, got.Models["flights"].Traffic)
	}
	if doc, err := s.Rollout(t.Context(), "flights"); err != nil || string(doc) != `{"step":1}` {
		t.Errorf("rollout %s, %v", doc, err)
	}
	if data, err := s.Profile(t.Context(), digest); err != nil || string(data) != "profile" {
		t.Errorf("profile %s, %v", data, err)
	}
	if read(t, dir) != text {
		t.Error("opening changed the file")
	}
}

func TestCommitShowsAsFewLines(t *testing.T) {
	dir := t.TempDir()
	s := seeded(t, dir)
	before := strings.Split(read(t, dir), "\n")
	if _, err := s.Commit(t.Context(), whole("1"), 1); err != nil {
		t.Fatal(err)
	}
	after := strings.Split(read(t, dir), "\n")
	if added := len(after) - len(before); added != 1 {
		t.Errorf("%d lines more, want 1: the new generation in the history", added)
	}
	for _, text := range before[50:] { // the history and what follows
		if strings.HasPrefix(text, "    {") && !strings.Contains(strings.Join(after, "\n"), strings.TrimSuffix(text, ",")) {
			t.Errorf("a line of the history changed: %s", text)
		}
	}
}

func TestStoresOnOneFolderSeeEachOther(t *testing.T) {
	dir := t.TempDir()
	a := seeded(t, dir)
	b := open(t, dir)
	await(t, b, "the first generation", atGeneration(1))
	if _, err := b.Commit(t.Context(), whole("2"), 1); err != nil {
		t.Fatal(err)
	}
	// a need not have noticed: committing looks for itself.
	if _, err := a.Commit(t.Context(), whole("1"), 1); !errors.Is(err, registry.ErrStale) {
		t.Errorf("error %v, want stale", err)
	}
	await(t, a, "the other's generation", atGeneration(2))
}

func TestOfTwoStoresCommittingOneWins(t *testing.T) {
	dir := t.TempDir()
	stores := []*Store{seeded(t, dir), open(t, dir), open(t, dir)}
	const rounds = 20
	for expect := uint64(1); expect <= rounds; expect++ {
		errs := make([]error, len(stores))
		var wg sync.WaitGroup
		for i, s := range stores {
			wg.Go(func() { _, errs[i] = s.Commit(t.Context(), whole("1"), expect) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, registry.ErrStale) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Fatalf("on generation %d, %d of %d stores won", expect, won, len(stores))
		}
	}
}

// TestProcessesOnOneFolderLoseNothing lets a second process commit as fast as
// it can against this one.
func TestProcessesOnOneFolderLoseNothing(t *testing.T) {
	dir := t.TempDir()
	s := seeded(t, dir)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childContends+"=1")
	out := &strings.Builder{}
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	mine := contend(s, contentions)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the other process: %v\n%s", err, out)
	}
	all := slices.Concat(mine, strings.Fields(out.String()))
	await(t, s, "all commits", atGeneration(1+2*contentions))
	history, err := s.History(t.Context(), "flights", 0)
	if err != nil || len(all) != 2*contentions || len(history) != len(all)+1 {
		t.Fatalf("%d generations after %d acknowledged commits, %v", len(history), len(all), err)
	}
	seen := map[string]bool{}
	for _, generation := range all {
		if seen[generation] {
			t.Errorf("generation %s was acknowledged twice", generation)
		}
		seen[generation] = true
	}
}

func TestDeletedDocumentKeepsItsModel(t *testing.T) {
	dir := t.TempDir()
	s := seeded(t, dir)
	good := read(t, dir)
	if err := os.Remove(filepath.Join(dir, "flights.json")); err != nil {
		t.Fatal(err)
	}
	snapshot := await(t, s, "a problem", hasProblem)
	if len(snapshot.Models["flights"].Versions) != 2 || !strings.Contains(snapshot.Problems[0].Error(), "flights.json: the file is gone; put it back") {
		t.Errorf("model %+v, problems %v", snapshot.Models["flights"], snapshot.Problems)
	}
	if _, err := s.Commit(t.Context(), whole("2"), 1); err != nil {
		t.Fatalf("a deleted file stops a commit: %v", err)
	}
	await(t, s, "the next generation", atGeneration(2))
	if text := read(t, dir); len(text) < len(good) {
		t.Errorf("written anew as\n%s", text)
	}
}

func TestDeletedFolderKeepsItsModels(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "registry")
	s := seeded(t, dir)
	aside := dir + ".aside"
	if err := os.Rename(dir, aside); err != nil {
		t.Fatal(err)
	}
	snapshot := await(t, s, "a problem", hasProblem)
	if len(snapshot.Models["flights"].Versions) != 2 {
		t.Errorf("model %+v", snapshot.Models["flights"])
	}
	if err := os.Rename(aside, dir); err != nil {
		t.Fatal(err)
	}
	await(t, s, "the folder to be back", atGeneration(1))
}

func TestRollbackDoesNotWaitForABrokenDocument(t *testing.T) {
	dir := t.TempDir()
	s := seeded(t, dir)
	if _, err := s.Commit(t.Context(), whole("2"), 1); err != nil {
		t.Fatal(err)
	}
	const broken = `{"model":"flights", half an edit`
	write(t, dir, broken)
	history, err := s.History(t.Context(), "flights", 0)
	if err != nil {
		t.Fatal(err)
	}
	target, err := registry.RollbackTarget(history, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), target, 2); err != nil {
		t.Fatalf("a broken document stops a rollback: %v", err)
	}
	if snapshot := await(t, s, "the rollback", atGeneration(3)); snapshot.Models["flights"].Traffic.Stable != "1" {
		t.Errorf("traffic %+v", snapshot.Models["flights"].Traffic)
	}
	if aside, err := os.ReadFile(filepath.Join(dir, "flights.json.rejected")); err != nil || string(aside) != broken {
		t.Errorf("the refused text is not kept: %q, %v", aside, err)
	}
}

func TestDocumentNeverReadIsNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	const broken = `{"model":"flights", half an edit`
	write(t, dir, broken)
	s := open(t, dir)
	if _, err := s.Register(t.Context(), version("1")); err == nil || !strings.Contains(err.Error(), "flights.json:1:21: not JSON") {
		t.Errorf("error %v, want one that says where the document is broken", err)
	}
	if read(t, dir) != broken {
		t.Errorf("overwritten with\n%s", read(t, dir))
	}
	if err := os.Remove(filepath.Join(dir, "flights.json")); err != nil {
		t.Fatal(err)
	}
	await(t, s, "the problem to end", hasNone)
}

func TestFilesOfOthersAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"README.md", "flights.json~", ".flights.json.swp", ".hidden.json", "4913", "flights.json.rejected", ".gitignore"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("not ours"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := seeded(t, dir)
	if snapshot := await(t, s, "the model", atGeneration(1)); len(snapshot.Models) != 1 {
		t.Errorf("models %v", snapshot.Models)
	}
}

func TestFileNameThatNoModelHasIsAProblem(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "my model.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	snapshot := await(t, open(t, dir), "a problem", hasProblem)
	if text := snapshot.Problems[0].Error(); !strings.Contains(text, "rename the file") {
		t.Error(text)
	}
}

func TestModelNamesCannotLeaveTheFolder(t *testing.T) {
	parent := t.TempDir()
	s := open(t, filepath.Join(parent, "registry"))
	for _, name := range []string{"../flights", "..", ".", "", "a/b", `a\b`, "/etc/x", ".hidden", "a\x00b", "profiles/x", strings.Repeat("a", 129)} {
		v, traffic := version("1"), whole("1")
		v.Model, traffic.Model = name, name
		if _, err := s.Register(t.Context(), v); !errors.Is(err, registry.ErrInvalid) {
			t.Errorf("register model %q: %v", name, err)
		}
		if _, err := s.Commit(t.Context(), traffic, 0); !errors.Is(err, registry.ErrInvalid) {
			t.Errorf("commit to model %q: %v", name, err)
		}
		if err := s.PutRollout(t.Context(), name, []byte("{}")); !errors.Is(err, registry.ErrInvalid) {
			t.Errorf("rollout of model %q: %v", name, err)
		}
		if _, err := s.History(t.Context(), name, 0); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("history of model %q: %v", name, err)
		}
	}
	if files, err := os.ReadDir(parent); err != nil || len(files) != 1 {
		t.Errorf("beside the folder there is %v, %v", files, err)
	}
}
