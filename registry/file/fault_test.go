package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestHalfWrittenTemporaryFilesAreIgnored leaves temporary files cut at every
// byte, as killed or powerless writers do.
func TestHalfWrittenTemporaryFilesAreIgnored(t *testing.T) {
	dir := t.TempDir()
	s := seeded(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	old := read(t, dir)
	next := edited(t, old, armsOf1, split)
	for cut := range len(next) + 1 {
		left := filepath.Join(dir, fmt.Sprint(".flights.json", tempMark, cut))
		if err := os.WriteFile(left, []byte(next[:cut]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	snapshot, err := open(t, dir).Snapshot(t.Context())
	if err != nil || !atGeneration(1)(snapshot) || len(snapshot.Models) != 1 {
		t.Fatalf("%+v, %v", snapshot, err)
	}
	if left := temporary(t, dir); len(left) > 0 {
		t.Errorf("%d temporary files were left", len(left))
	}
	if read(t, dir) != old {
		t.Error("the document changed")
	}
}

// failing is a temporary file on a disk that fails.
type failing struct {
	tempFile
	room                  int // bytes until the disk is full
	write, sync, ownClose error
}

func (f *failing) Write(data []byte) (int, error) {
	if len(data) <= f.room || f.write == nil {
		return f.tempFile.Write(data)
	}
	n, err := f.tempFile.Write(data[:f.room])
	return n, errors.Join(err, f.write)
}

func (f *failing) Sync() error               { return errors.Join(f.tempFile.Sync(), f.sync) }
func (f *failing) Close() error              { return errors.Join(f.tempFile.Close(), f.ownClose) }
func (f *failing) Chmod(m fs.FileMode) error { return f.tempFile.Chmod(m) }

// TestFailingDiskLeavesTheOld fails a write at every byte, and at flushing and
// closing.
func TestFailingDiskLeavesTheOld(t *testing.T) {
	dir := t.TempDir()
	s := seeded(t, dir)
	old := read(t, dir)
	try := func(what string, want error, fault failing) {
		t.Helper()
		s.create = func(dir, pattern string) (tempFile, error) {
			f, err := createTemp(dir, pattern)
			fault.tempFile = f
			return &fault, err
		}
		_, err := s.Commit(t.Context(), whole("2"), 1)
		if !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", what, err, want)
		}
		if read(t, dir) != old || len(temporary(t, dir)) > 0 {
			t.Fatalf("%s: the document changed or a temporary file stayed", what)
		}
		snapshot, err := s.Snapshot(t.Context())
		if err != nil || !atGeneration(1)(snapshot) {
			t.Fatalf("%s: %+v, %v", what, snapshot, err)
		}
	}
	for room := range len(old) {
		try("a full disk", syscall.ENOSPC, failing{room: room, write: syscall.ENOSPC})
	}
	try("a failing flush", syscall.EIO, failing{sync: syscall.EIO})
	try("a failing close", syscall.EIO, failing{ownClose: syscall.EIO})
	s.create = createTemp
	if _, err := s.Commit(t.Context(), whole("2"), 1); err != nil {
		t.Errorf("once the disk works again: %v", err)
	}
}

func TestHandEditThatCannotBeRecordedIsAProblem(t *testing.T) {
	dir := t.TempDir()
	if err := seeded(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	write(t, dir, edited(t, read(t, dir), armsOf1, split))
	// A folder in the way of the lock file: nothing can be locked.
	if err := os.Remove(filepath.Join(dir, ".lock")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".lock"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	snapshot := await(t, s, "a problem", hasProblem)
	if text := snapshot.Problems[0].Error(); !strings.Contains(text, "an edit by hand cannot be recorded") {
		t.Error(text)
	}
}

func TestDamagedProfileIsReportedAndMended(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	data := []byte(strings.Repeat("profile ", 100))
	digest, err := s.PutProfile(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	path := s.profilePath(digest)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{nil, good[:len(good)/2], []byte("not compressed"), append([]byte{}, good[1:]...)} {
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Profile(t.Context(), digest); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("damaged as %q: %q, %v", bad, got, err)
		}
	}
	if _, err := s.PutProfile(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Profile(t.Context(), digest); err != nil || string(got) != string(data) {
		t.Errorf("put again: %q, %v", got, err)
	}
}
