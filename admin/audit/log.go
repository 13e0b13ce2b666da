package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/weir-gateway/weir/admin/api"
)

// maxLine bounds a line that is read; the API writes none of a tenth of it.
const maxLine = 1 << 20

// Options of a log.
type Options struct {
	MaxSize int64 // bytes of a file; a record that would go over it begins a new one
	Keep    int   // full files that stay beside the one that is written
}

// Log is the audit log in one folder. It is safe for concurrent use.
type Log struct {
	path string
	o    Options
	mu   sync.Mutex
}

// New makes a log in the folder, which comes to be with the first record.
func New(folder string, o Options) *Log {
	return &Log{path: filepath.Join(folder, "audit.log"), o: o}
}

// Append adds a record and returns once it is on the disk.
func (l *Log) Append(r api.AuditRecord) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	line = append(line, '\n')
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.rotate(int64(len(line))); err != nil {
		return fmt.Errorf("audit: begin a new file: %w", err)
	}
	if err := l.write(line); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

func (l *Log) write(line []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(l.path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if size := info.Size(); size > 0 {
		// A line that a crash cut short stays a line of its own.
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			line = append([]byte{'\n'}, line...)
		}
	}
	if _, err := f.Write(line); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if info.Size() == 0 {
		return syncFolder(filepath.Dir(l.path))
	}
	return nil
}

// rotate makes room for more bytes where the file would get too large.
func (l *Log) rotate(more int64) error {
	info, err := os.Stat(l.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (info.Size() == 0 || info.Size()+more <= l.o.MaxSize) {
		return nil
	}
	if err != nil {
		return err
	}
	if l.o.Keep < 1 {
		return os.Remove(l.path)
	}
	for n := l.o.Keep - 1; n >= 0; n-- {
		if err := os.Rename(l.name(n), l.name(n+1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// name is that of the file that has been full for n files.
func (l *Log) name(n int) string {
	if n == 0 {
		return l.path
	}
	return l.path + "." + strconv.Itoa(n)
}

func syncFolder(folder string) (err error) {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Sync()
}

// Last returns the newest n records, newest first. Lines that are none (a crash
// cut them short) are left out.
func (l *Log) Last(n int) ([]api.AuditRecord, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []api.AuditRecord{}
	for file := 0; file <= l.o.Keep && len(out) < n; file++ {
		records, err := last(l.name(file), n-len(out))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("audit: read: %w", err)
		}
		out = append(out, records...)
	}
	return out, nil
}

// last returns the last n records of one file, the last first.
func last(name string, n int) ([]api.AuditRecord, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading only
	ring := make([]api.AuditRecord, 0, n)
	read := 0
	for lines := bufio.NewReaderSize(f, maxLine); err == nil; {
		var line []byte
		var r api.AuditRecord
		line, err = lines.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) { // none of ours
			line = nil
			_, err = lines.ReadSlice('\n')
		}
		if json.Unmarshal(line, &r) != nil {
			continue
		}
		if len(ring) < n {
			ring = append(ring, r)
		} else {
			ring[read%n] = r
		}
		read++
	}
	out := make([]api.AuditRecord, 0, len(ring))
	for i := range ring {
		out = append(out, ring[(read-1-i)%len(ring)])
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return out, nil
}
