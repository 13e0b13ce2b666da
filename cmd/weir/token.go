package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/admin/access"
)

// madeToken is what token --json prints.
type madeToken struct {
	Name  string `json:"name"`
	Role  string `json:"role"`
	Token string `json:"token"` // for its owner
	Line  string `json:"line"`  // for the file
}

func (a *app) tokenCommand() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:   "token NAME --role ROLE",
		Short: "Make a token for the admin API, and the line for the gateway's file",
		Long: `Makes a token. The token goes to its owner, who gives it with --token-file or WEIR_TOKEN; the line goes
into the file that admin.tokens names, which has no secret. The gateway takes the line within seconds.
Nothing is kept here: a token that is lost is replaced by another one. The roles are viewer (reads),
operator (registers, moves traffic, goes back, runs rollouts), approver (also approves) and admin
(also reloads, and reads the audit log).`,
		Example: "  weir token ci --role operator",
		Args:    cobra.ExactArgs(1),
		RunE: a.verb(func(_ context.Context, args []string) error {
			r, err := access.ParseRole(role)
			if err != nil {
				return usage("--role: %w", err)
			}
			secret, token, err := access.New(args[0], r)
			if err != nil {
				return usage("%w", err)
			}
			if a.asJSON {
				return a.printJSON(madeToken{Name: token.Name, Role: role, Token: secret, Line: token.Line()})
			}
			a.printf("token, for %s alone:\n  %s\nline, for the file of admin.tokens:\n  %s\n", token.Name, secret, token.Line())
			return nil
		}),
	}
	cmd.Flags().StringVar(&role, "role", "", strings.Join(access.Roles(), ", "))
	cmd.Flags().BoolVar(&a.asJSON, "json", false, "print JSON")
	if err := cmd.MarkFlagRequired("role"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}
