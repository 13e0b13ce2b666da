package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
)

func main() { os.Exit(run()) }

// run is the program without its end, so that tests can have it as a command of their scripts.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal asks for an orderly end; with the handler gone, the second one is not asked about.
	context.AfterFunc(ctx, stop)

	terminal := term.IsTerminal(int(os.Stdout.Fd()))
	a := &app{
		in:       os.Stdin,
		out:      os.Stdout,
		err:      os.Stderr,
		getenv:   os.Getenv,
		terminal: terminal && os.Getenv("TERM") != "dumb",
		colour:   terminal && os.Getenv("TERM") != "dumb" && os.Getenv("NO_COLOR") == "",
		pace:     500 * time.Millisecond,
		width: func() int {
			width, _, err := term.GetSize(int(os.Stdout.Fd()))
			if err != nil {
				return 0
			}
			return width
		},
	}
	return a.execute(ctx, os.Args[1:])
}
