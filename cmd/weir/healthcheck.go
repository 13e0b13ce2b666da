package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) healthcheckCommand() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Succeed if the gateway is ready; for containers, which have no curl",
		Args:  cobra.NoArgs,
		RunE: a.verb(func(ctx context.Context, _ []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			ready, err := c.Ready(ctx)
			if err != nil {
				return err
			}
			if a.asJSON {
				if err := a.printJSON(ready); err != nil {
					return err
				}
			}
			var failing []string
			for _, check := range ready.Checks {
				if check.Required && !check.OK {
					failing = append(failing, strings.TrimSpace(check.Name+" "+check.Detail))
				}
			}
			if !ready.Ready {
				return errors.New("not ready: " + strings.Join(failing, "; "))
			}
			if !a.asJSON {
				a.printf("ready\n")
			}
			return nil
		}),
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 3*time.Second, "how long to wait for the answer")
	return a.reads(cmd)
}
