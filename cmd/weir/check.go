package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/config"
)

// checked is what check --json prints.
type checked struct {
	Valid   bool            `json:"valid"`
	Errors  []checkError    `json:"errors,omitempty"`
	Changes []config.Change `json:"changes,omitzero"` // with --against
}

type checkError struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
}

func (a *app) checkCommand() *cobra.Command {
	var file, against string
	cmd := &cobra.Command{
		Use:   "check --config FILE [--against URL]",
		Short: "Validate a configuration; with --against, show what it would change",
		Long: `Validates a configuration and prints file:line:column and a sentence for every error (exit code 2).
With --against and the admin address of a running gateway, prints what that gateway would change if it
loaded the file, and what it would take only after a restart.`,
		Example: "  weir check --config weir.yaml --against http://127.0.0.1:8081",
		Args:    cobra.NoArgs,
		RunE: a.verb(func(ctx context.Context, _ []string) error {
			next, err := config.Load(file)
			if err != nil {
				return a.refuse(err)
			}
			if against == "" {
				return a.tellCheck(file, checked{Valid: true})
			}
			a.admin = against
			c, err := a.client()
			if err != nil {
				return err
			}
			document, err := c.Config(ctx)
			if err != nil {
				return err
			}
			var running config.Config
			if err := json.Unmarshal(document, &running); err != nil {
				return fmt.Errorf("the gateway at %s has a configuration that this version of weir cannot read: %w", c.Address(), err)
			}
			changes := config.Diff(&running, next)
			if changes == nil {
				changes = []config.Change{}
			}
			return a.tellCheck(file, checked{Valid: true, Changes: changes})
		}),
	}
	cmd.Flags().StringVar(&file, "config", "", "the configuration file")
	cmd.Flags().StringVar(&against, "against", "", "admin address of a running gateway to compare with")
	a.proves(cmd)
	cmd.Flags().BoolVar(&a.asJSON, "json", false, "print JSON")
	if err := cmd.MarkFlagRequired("config"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

// refuse reports the errors of a configuration, a line each as editors know them, and ends with exitUsage.
func (a *app) refuse(err error) error {
	var faults config.Errors
	if !errors.As(err, &faults) {
		return &exitError{code: exitUsage, err: err}
	}
	if a.asJSON {
		answer := checked{}
		for _, f := range faults {
			answer.Errors = append(answer.Errors, checkError{File: f.File, Line: f.Line, Column: f.Column, Path: f.Path, Message: f.Message})
		}
		if err := a.printJSON(answer); err != nil {
			return err
		}
		return &exitError{code: exitUsage}
	}
	for _, f := range faults {
		_, _ = fmt.Fprintln(a.err, f.Error()) // nowhere left to report to
	}
	return &exitError{code: exitUsage}
}

func (a *app) tellCheck(file string, c checked) error {
	if a.asJSON {
		return a.printJSON(c)
	}
	switch {
	case c.Changes == nil:
		a.printf("%s is valid\n", file)
	case len(c.Changes) == 0:
		a.printf("%s is valid and changes nothing\n", file)
	default:
		a.printf("%s is valid and changes:\n", file)
	}
	for _, change := range c.Changes {
		line := a.yellow("~ ") + change.Path + ": " + change.Old + " → " + change.New
		switch {
		case change.Old == "":
			line = a.green("+ ") + change.Path + ": " + change.New
		case change.New == "":
			line = a.red("- ") + change.Path + ": " + change.Old
		}
		if change.Restart {
			line += a.red(" (only after a restart)")
		}
		a.printf("%s\n", line)
	}
	return nil
}
