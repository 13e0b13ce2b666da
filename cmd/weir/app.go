package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/admin/client"
)

// The exit codes that scripts may rely on.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2 // wrong usage or invalid configuration
	exitRolledBack = 3 // a followed rollout went back
	exitHeld       = 4 // a followed rollout waits for a person
)

const defaultAdmin = "http://127.0.0.1:8081"

// app is what the verbs share: the world outside, and the flags they have in common.
type app struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	terminal bool          // a person watches out: redraw
	colour   bool          // and likes colours
	width    func() int    // columns of the terminal, 0 where unknown
	pace     time.Duration // between two looks at a followed rollout

	admin  string // --admin
	proof  proof  // --token-file, --ca, --cert, --key
	actor  string // --actor
	asJSON bool   // --json
	ran    bool   // a verb has begun: arguments and flags were right
}

// exitError ends the program with its code; an error without one ends it with exitFailed.
type exitError struct {
	code int
	err  error // nil: everything has been said
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage is an error of whoever typed the command.
func usage(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// execute runs one command line and gives the exit code.
func (a *app) execute(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	verb, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	code := exitFailed
	var coded *exitError
	switch {
	case errors.As(err, &coded):
		code = coded.code
	case !a.ran: // cobra refused the arguments before any verb began
		code = exitUsage
	}
	if text := a.explain(err); text != "" {
		_, _ = fmt.Fprintln(a.err, a.red("error: ")+text) // nowhere left to report to
	}
	if !a.ran {
		_, _ = fmt.Fprintf(a.err, "usage: %s\nrun %q for more\n", verb.UseLine(), verb.CommandPath()+" --help") // as above
	}
	return code
}

// explain puts the error into words, with what to do next.
func (a *app) explain(err error) string {
	var unreachable *client.UnreachableError
	var problem *api.Problem
	switch {
	case errors.As(err, &unreachable) && isCertificate(err):
		return fmt.Sprintf("%v: give the authority that signed it with --ca FILE or SSL_CERT_FILE", unreachable)
	case errors.As(err, &unreachable) && wantsCertificate(err):
		return fmt.Sprintf("%v: give your certificate with --cert and --key", unreachable)
	case errors.As(err, &problem) && problem.HasType(api.TypeUnauthorized):
		return strings.TrimPrefix(err.Error(), "client: ") + ". Give it with --token-file FILE or WEIR_TOKEN; \"weir token NAME --role ROLE\" makes one"
	case errors.As(err, &unreachable):
		return fmt.Sprintf("%v: is it running? set --admin or WEIR_ADMIN to its admin address", unreachable)
	case errors.Is(err, context.Canceled):
		return "interrupted"
	}
	return strings.TrimPrefix(err.Error(), "client: ")
}

// verb makes the function that cobra runs of one that only wants its arguments.
func (a *app) verb(do func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.ran = true
		return do(cmd.Context(), args)
	}
}

// group makes a command that only holds others. Without one of them it is wrong usage, so that a script that forgot
// the word does not go on as if it had been said.
func (a *app) group(use, short string, verbs ...*cobra.Command) *cobra.Command {
	names := make([]string, len(verbs))
	for i, v := range verbs {
		names[i] = v.Name()
	}
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("%q is none of %s", args[0], strings.Join(names, ", "))
			}
			return usage("say which: %s", strings.Join(names, ", "))
		},
	}
	cmd.AddCommand(verbs...)
	return cmd
}

// talks gives a verb the flags of those that talk to a gateway.
func (a *app) talks(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&a.admin, "admin", "", "the gateway's admin address (default $WEIR_ADMIN, or "+defaultAdmin+")")
	a.proves(cmd)
	return cmd
}

// reads gives a verb the flags of those that read from a gateway.
func (a *app) reads(cmd *cobra.Command) *cobra.Command {
	a.talks(cmd)
	cmd.Flags().BoolVar(&a.asJSON, "json", false, "print JSON")
	return cmd
}

// changes gives a verb the flags of those that change something, with the place for the reason.
func (a *app) changes(cmd *cobra.Command, reason *string) *cobra.Command {
	a.reads(cmd)
	cmd.Flags().StringVar(&a.actor, "actor", "", "who makes the change, for the history (default $WEIR_ACTOR, or your user name)")
	if reason != nil {
		cmd.Flags().StringVar(reason, "reason", "", "why, for the history")
	}
	return cmd
}

// client connects to the gateway that the flags and the environment name.
func (a *app) client() (*client.Client, error) {
	address := a.admin
	if address == "" {
		address = a.getenv("WEIR_ADMIN")
	}
	if address == "" {
		address = defaultAdmin
	}
	options, err := a.proof.options(a.getenv)
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	options.Actor = a.who()
	c, err := client.New(address, options)
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	return c, nil
}

// who names the person or the script behind a change, in characters that a header can carry.
func (a *app) who() string {
	name := a.actor
	if name == "" {
		name = a.getenv("WEIR_ACTOR")
	}
	if name == "" {
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
	}
	if name == "" {
		name = a.getenv("USER")
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, name)
}

// printf writes to the output; a pipe that was closed early is no error of ours.
func (a *app) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(a.out, format, args...)
}

func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
