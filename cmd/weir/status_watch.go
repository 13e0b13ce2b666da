package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/weir-gateway/weir/admin/client"
)

// watchStatus shows what show does again and again, until ctx ends. On a terminal
// it redraws in place; in a pipe it prints the status, under the time, whenever it
// has changed but for counts, so that a file of it is a history.
func (a *app) watchStatus(ctx context.Context, show func(context.Context) error) error {
	out := a.out
	defer func() { a.out = out }()
	s := screen{out: out, width: a.width()}
	ticker := time.NewTicker(a.pace)
	defer ticker.Stop()
	last := ""
	for {
		var b bytes.Buffer
		a.out = &b
		err := show(ctx)
		a.out = out
		var unreachable *client.UnreachableError
		switch {
		case ctx.Err() != nil:
			return nil // Ctrl-C is how it ends
		case errors.As(err, &unreachable): // it may be restarting
			b.Reset()
			b.WriteString(a.yellow(oneLine(err.Error())) + "\n")
		case err != nil:
			return err
		}
		text := strings.TrimRight(b.String(), "\n")
		switch {
		case a.terminal:
			s.draw(append(strings.Split(text, "\n"), "", moment(time.Now())+"  Ctrl-C ends this"))
		case steady(text) != last:
			last = steady(text)
			a.printf("# %s\n%s\n", moment(time.Now()), text)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// steady is a status without the tables of versions, whose counts always change,
// but for the columns that say who serves.
func steady(text string) string {
	lines := strings.Split(text, "\n")
	table := false
	for i, line := range lines {
		if strings.HasPrefix(line, "VERSION ") {
			table = true
		}
		if fields := strings.Fields(line); table && len(fields) > 3 {
			lines[i] = strings.Join(fields[:3], " ")
		}
	}
	return strings.Join(lines, "\n")
}
