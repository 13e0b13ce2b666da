package demo

import (
	"fmt"
	"io"
	"time"
)

// console prints the story: plain lines anywhere, and on a terminal also one
// line at the bottom that is redrawn. It is used from one goroutine.
type console struct {
	out  io.Writer
	live bool
	now  func() time.Time

	shown time.Time // when progress was last printed
}

// Without a terminal progress is a line every so often, so that a log shows
// that something happens.
const plainEvery = 5 * time.Second

// narrow is what a progress line may take of the narrowest usual terminal.
const narrow = 77

const (
	bold  = "\x1b[1m"
	dim   = "\x1b[2m"
	plain = "\x1b[0m"
	erase = "\r\x1b[K"
)

// act begins a part of the story.
func (c *console) act(format string, args ...any) { c.write(bold, "\n"+fmt.Sprintf(format, args...)) }

// line tells what is done or was seen.
func (c *console) line(format string, args ...any) { c.write("", "  "+fmt.Sprintf(format, args...)) }

// note explains the line before.
func (c *console) note(format string, args ...any) { c.write(dim, "    "+fmt.Sprintf(format, args...)) }

// progress shows where a wait stands.
func (c *console) progress(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if c.live {
		// A line that wraps can't be redrawn.
		if r := []rune(text); len(r) > narrow {
			text = string(r[:narrow-1]) + "…"
		}
		fmt.Fprintf(c.out, "%s  %s%s%s", erase, dim, text, plain)
		return
	}
	if now := c.now(); now.Sub(c.shown) >= plainEvery {
		c.shown = now
		fmt.Fprintf(c.out, "    … %s\n", text)
	}
}

// clear takes the progress away.
func (c *console) clear() {
	if c.live {
		fmt.Fprint(c.out, erase)
	}
}

func (c *console) write(style, text string) {
	c.clear()
	c.shown = c.now()
	if c.live && style != "" {
		text = style + text + plain
	}
	fmt.Fprintln(c.out, text)
}
