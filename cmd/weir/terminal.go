package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

func (a *app) paint(code, text string) string {
	if !a.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (a *app) red(text string) string    { return a.paint("31", text) }
func (a *app) green(text string) string  { return a.paint("32", text) }
func (a *app) yellow(text string) string { return a.paint("33", text) }
func (a *app) bold(text string) string   { return a.paint("1", text) }

// table prints rows in columns, the first row as the heading. Cells carry no colours: they would count as width.
func (a *app) table(rows [][]string) {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if cell == "" {
				row[i] = "-"
			}
		}
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t")) // writes into memory
	}
	_ = w.Flush() // as above
	for i, line := range strings.Split(strings.TrimRight(b.String(), "\n"), "\n") {
		line = strings.TrimRight(line, " ")
		if i == 0 {
			line = a.bold(line)
		}
		a.printf("%s\n", line)
	}
}

// screen redraws a block of lines in place. Only for a terminal.
type screen struct {
	out   io.Writer
	width int // 0: unknown, lines are left as they are
	lines int // drawn the last time
}

// draw replaces what was drawn before.
func (s *screen) draw(lines []string) {
	var b strings.Builder
	if s.lines > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.lines)
	}
	b.WriteString("\r\x1b[J")
	for _, line := range lines {
		b.WriteString(clipLine(line, s.width))
		b.WriteByte('\n')
	}
	s.lines = len(lines)
	_, _ = io.WriteString(s.out, b.String()) // a terminal that is gone needs no drawing
}

// clipLine shortens a line to the width, so that it stays one line and the next redraw finds it. Escape sequences take
// no room; a shortened line ends with a reset.
func clipLine(line string, width int) string {
	if width <= 0 {
		return line
	}
	var b strings.Builder
	column := 0
	for i := 0; i < len(line); {
		if line[i] == '\x1b' {
			if end := strings.IndexByte(line[i:], 'm'); end >= 0 {
				b.WriteString(line[i : i+end+1])
				i += end + 1
				continue
			}
		}
		if column == width-1 {
			return b.String() + "…\x1b[0m"
		}
		_, size := utf8.DecodeRuneInString(line[i:])
		b.WriteString(line[i : i+size])
		i += size
		column++
	}
	return b.String()
}
