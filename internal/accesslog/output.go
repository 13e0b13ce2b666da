package accesslog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Stderr is the Output that stands for standard error.
const Stderr = "stderr"

// output is where lines go, closed when it is replaced.
type output struct {
	io.Writer
	close func() error
}

// open opens what o names, at its end.
func (l *Log) open(name string) (output, error) {
	switch {
	case name == "":
		return output{io.Discard, nothing}, nil
	case name == Stderr && l.o.Stderr == nil:
		return output{}, errors.New("accesslog: this process has no standard error to write to; name a file")
	case name == Stderr:
		return output{l.o.Stderr, nothing}, nil
	}
	// A pipe would hold up the start until somebody reads it, and then the log.
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() && info.Mode()&fs.ModeCharDevice == 0 {
		return output{}, fmt.Errorf("accesslog: %s is neither a file nor a terminal; name a file, or stderr", name)
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return output{}, fmt.Errorf("accesslog: open the log: %w", err)
	}
	return output{f, f.Close}, nil
}

func nothing() error { return nil }
