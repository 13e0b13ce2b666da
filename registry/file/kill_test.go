package file

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/registry"
)

// childDir is the variable that makes the test binary a writer on a folder.
const childDir = "WEIR_TEST_FILE_STORE_CHILD"

// childContends makes it commit against others, a number of times.
const (
	childContends = "WEIR_TEST_FILE_STORE_CONTENDS"
	contentions   = 50
)

// child commits generations until it is killed and prints each once it was
// acknowledged.
func child(dir string) int {
	s, err := Open(dir, Options{})
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	defer s.Close()
	if os.Getenv(childContends) != "" {
		fmt.Println(strings.Join(contend(s, contentions), "\n"))
		return 0
	}
	for {
		for _, generation := range contend(s, 1) {
			fmt.Println(generation)
		}
	}
}

// contend commits n times, whoever else commits, and returns the generations
// that were acknowledged. Reasons grow and shrink so that files do, too.
func contend(s *Store, n int) (acknowledged []string) {
	ctx := context.Background()
	for len(acknowledged) < n {
		snapshot, err := s.Snapshot(ctx)
		if err != nil {
			return append(acknowledged, err.Error())
		}
		generation := snapshot.Models["flights"].Traffic.Generation
		next := whole("1")
		next.Reason = strings.Repeat("x", int(generation%7)*100)
		stored, err := s.Commit(ctx, next, generation)
		switch {
		case err == nil:
			acknowledged = append(acknowledged, fmt.Sprint(stored.Generation))
		case !errors.Is(err, registry.ErrStale):
			return append(acknowledged, err.Error())
		}
	}
	return acknowledged
}

// TestKilledWriterLosesNothingAcknowledged kills a writer at random moments:
// what it acknowledged is there, history has no gap, nothing is half written.
func TestKilledWriterLosesNothingAcknowledged(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	dir := t.TempDir()
	first := seeded(t, dir)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	kills, leftovers, last := 0, 0, uint64(1)
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); kills++ {
		if acknowledged := runAndKill(t, dir, random); acknowledged > last {
			last = acknowledged
		}
		leftovers += len(temporary(t, dir))
		last = checkWhole(t, dir, last)
	}
	t.Logf("%d kills, %d left a temporary file, %d generations", kills, leftovers, last)
}

// runAndKill returns the last generation that the killed writer acknowledged.
func runAndKill(t *testing.T, dir string, random *rand.Rand) (last uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	read := func() {
		if _, err := fmt.Sscan(lines.Text(), &last); err != nil {
			t.Errorf("the writer says %q", lines.Text())
		}
	}
	if lines.Scan() { // it is at work
		read()
	}
	kill := time.AfterFunc(time.Duration(random.IntN(10_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	for lines.Scan() {
		read()
	}
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait() // killed, as wanted
	return last
}

// checkWhole opens the folder and returns its newest generation.
func checkWhole(t *testing.T, dir string, acknowledged uint64) uint64 {
	t.Helper()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	snapshot, err := s.Snapshot(t.Context())
	if err != nil || len(snapshot.Problems) > 0 {
		t.Fatalf("after a kill: %v, problems %v", err, snapshot.Problems)
	}
	history, err := s.History(t.Context(), "flights", 0)
	if err != nil {
		t.Fatal(err)
	}
	newest := history[0].Generation
	// One more than acknowledged is possible: killed before it could say so.
	if newest < acknowledged || uint64(len(history)) != newest {
		t.Fatalf("%d generations up to %d, but %d was acknowledged", len(history), newest, acknowledged)
	}
	for i, traffic := range history {
		if traffic.Generation != newest-uint64(i) {
			t.Fatalf("history has %d in place of %d", traffic.Generation, newest-uint64(i))
		}
	}
	if left := temporary(t, dir); len(left) > 0 {
		t.Fatalf("opening left %v", left)
	}
	return newest
}

func temporary(t *testing.T, dir string) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, ".*"+tempMark+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}
