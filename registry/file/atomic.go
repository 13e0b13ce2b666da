package file

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tempMark is in the name of every temporary file, and in no other.
const tempMark = ".tmp-"

// tempFile is the part of *os.File that a write needs.
type tempFile interface {
	io.WriteCloser
	Name() string
	Sync() error
	Chmod(fs.FileMode) error
	Stat() (fs.FileInfo, error)
}

func createTemp(dir, pattern string) (tempFile, error) { return os.CreateTemp(dir, pattern) }

// replace writes a file so that, whatever happens, its name stands for the old
// content or the new, and returns the new one's stamp once it is durable. A
// stamp together with an error means that the new content is in place but may
// not survive a power cut.
func (s *Store) replace(path string, data []byte) (stamp, error) {
	dir, base := filepath.Split(path)
	f, err := s.create(dir, "."+base+tempMark+"*")
	if err != nil {
		return stamp{}, err
	}
	// The stamp is taken before the rename: afterwards the name may already
	// stand for what an editor wrote.
	seen, err := fill(f, data, modeOf(path))
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return stamp{}, errors.Join(err, os.Remove(f.Name()))
	}
	return seen, syncDir(dir)
}

// fill writes, flushes and closes the temporary file.
func fill(f tempFile, data []byte, mode fs.FileMode) (stamp, error) {
	_, err := f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	info, statErr := f.Stat()
	if err = errors.Join(err, statErr, f.Close()); err != nil {
		return stamp{}, err
	}
	return stamp{info: info, sum: digest(data), racy: true}, nil
}

// modeOf keeps the permissions that somebody gave a file.
func modeOf(path string) fs.FileMode {
	if info, err := os.Stat(path); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}

// syncDir makes a rename durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// makeDir creates a folder below the store's, durably.
func (s *Store) makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for at := filepath.Dir(dir); ; at = filepath.Dir(at) {
		if err := syncDir(at); err != nil || at == filepath.Clean(s.dir) || at == filepath.Dir(at) {
			return err
		}
	}
}

// clean removes what killed writers left. It holds the lock, so that it cannot
// take a file from under a living one; a folder that cannot be locked (a
// read-only one) is left as it is.
func (s *Store) clean() {
	release, err := s.acquire(s.ctx)
	if err != nil {
		s.log.Warn("leftovers of killed writers are not removed", "err", err)
		return
	}
	defer release()
	err = filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), ".") || !strings.Contains(d.Name(), tempMark) {
			return err
		}
		s.log.Info("removing what a killed writer left", "file", path)
		return os.Remove(path)
	})
	if err != nil {
		s.log.Warn("leftovers of killed writers are not all removed", "err", err)
	}
}

// stamp tells whether a file is still the one that was read.
type stamp struct {
	info fs.FileInfo // nil: there was no file
	sum  string      // digest of the content
	// racy: the file was so young when it was read that a later write may not
	// show in its time, so the stamp proves nothing.
	racy bool
}

// clockStep is more than the resolution of any file system's times.
const clockStep = 2 * time.Second

// matches reports whether a file with this info is surely the stamped one.
func (p stamp) matches(info fs.FileInfo) bool {
	return p.info != nil && !p.racy && os.SameFile(p.info, info) &&
		p.info.Size() == info.Size() && p.info.ModTime().Equal(info.ModTime())
}
