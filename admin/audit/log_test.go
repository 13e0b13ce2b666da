package audit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/admin/audit"
)

func add(t *testing.T, l *audit.Log, reasons ...string) {
	t.Helper()
	for _, reason := range reasons {
		if err := l.Append(api.AuditRecord{Actor: "alice", Reason: reason}); err != nil {
			t.Fatal(err)
		}
	}
}

func reasons(t *testing.T, l *audit.Log, n int) string {
	t.Helper()
	records, err := l.Last(n)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range records {
		out = append(out, r.Reason)
	}
	return strings.Join(out, " ")
}

func TestRecordsComeBackNewestFirst(t *testing.T) {
	dir := t.TempDir()
	l := audit.New(dir, audit.Options{MaxSize: 1 << 20, Keep: 1})
	if got := reasons(t, l, 5); got != "" {
		t.Errorf("before any: %q", got)
	}
	add(t, l, "a", "b", "c", "d", "e")
	for n, want := range map[int]string{1: "e", 3: "e d c", 5: "e d c b a", 9: "e d c b a"} {
		if got := reasons(t, l, n); got != want {
			t.Errorf("the last %d: %q, want %q", n, got, want)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "audit.log")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	again := audit.New(dir, audit.Options{MaxSize: 1 << 20, Keep: 1})
	add(t, again, "f")
	if got := reasons(t, again, 2); got != "f e" {
		t.Errorf("after a restart: %q", got)
	}
}

func TestFullFilesArePutAsideAndTheOldestGo(t *testing.T) {
	dir := t.TempDir()
	line := len(`{"time":"0001-01-01T00:00:00Z","actor":"alice","remote":"","call":"","reason":"01","outcome":"","status":0}`) + 1
	l := audit.New(dir, audit.Options{MaxSize: int64(3 * line), Keep: 2})
	for i := 1; i <= 11; i++ {
		add(t, l, fmt.Sprintf("%02d", i))
	}
	if got := reasons(t, l, 99); got != "11 10 09 08 07 06 05 04" {
		t.Errorf("kept %q", got)
	}
	if got := reasons(t, l, 4); got != "11 10 09 08" {
		t.Errorf("the last four, of two files: %q", got)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 3 {
		t.Errorf("%v, %v", files, err)
	}
	none := audit.New(t.TempDir(), audit.Options{MaxSize: 1, Keep: 0})
	add(t, none, "a", "b")
	if got := reasons(t, none, 9); got != "b" {
		t.Errorf("with nothing kept: %q", got)
	}
}

func TestALineThatACrashCutShortTakesNoOtherWithIt(t *testing.T) {
	dir := t.TempDir()
	l := audit.New(dir, audit.Options{MaxSize: 16 << 20, Keep: 1})
	add(t, l, "a")
	f, err := os.OpenFile(filepath.Join(dir, "audit.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("no JSON\n" + strings.Repeat("x", 3<<20) + "\n" + `{"actor":"bo`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	add(t, l, "b")
	if got := reasons(t, l, 9); got != "b a" {
		t.Errorf("got %q", got)
	}
}

func TestNothingIsLostBetweenWritersAtOnce(t *testing.T) {
	l := audit.New(t.TempDir(), audit.Options{MaxSize: 1000, Keep: 99})
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 20 {
				if err := l.Append(api.AuditRecord{Reason: "x"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if got := len(strings.Fields(reasons(t, l, 1000))); got != 80 {
		t.Errorf("%d records of 80", got)
	}
}

func BenchmarkAppend(b *testing.B) {
	l := audit.New(b.TempDir(), audit.Options{MaxSize: 16 << 20, Keep: 1})
	for b.Loop() {
		if err := l.Append(api.AuditRecord{Actor: "alice", Call: "POST /api/v1/models/flights/rollback", Reason: "pager 4711"}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAFolderThatCantBeIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l := audit.New(filepath.Join(file, "state"), audit.Options{MaxSize: 1000, Keep: 1})
	if err := l.Append(api.AuditRecord{}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
	l = audit.New(filepath.Join(t.TempDir(), "not", "yet"), audit.Options{MaxSize: 1000, Keep: 1})
	add(t, l, "a")
}
