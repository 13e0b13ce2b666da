package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/admin/api"
)

func (a *app) auditCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Who changed or tried to change what, also what was refused",
		Args:  cobra.NoArgs,
		RunE: a.verb(func(ctx context.Context, _ []string) error {
			if limit < 1 {
				return usage("--limit must be at least 1")
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			audit, err := c.Audit(ctx, limit)
			if err != nil {
				return err
			}
			if a.asJSON {
				return a.printJSON(audit)
			}
			if len(audit.Records) == 0 {
				a.printf("nothing was to be changed yet\n")
				return nil
			}
			rows := [][]string{{"TIME", "ACTOR", "ROLE", "FROM", "CALL", "OUTCOME", "GENERATION", "REASON"}}
			for i := range audit.Records {
				rows = append(rows, auditRow(&audit.Records[i]))
			}
			a.table(rows)
			return nil
		}),
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many records to show, newest first")
	return a.reads(cmd)
}

func auditRow(r *api.AuditRecord) []string {
	generations := ""
	switch {
	case r.Before == nil || r.After == nil:
	case *r.Before == *r.After:
		generations = fmt.Sprint(*r.After)
	default:
		generations = fmt.Sprintf("%d → %d", *r.Before, *r.After)
	}
	return []string{
		moment(r.Time), oneLine(r.Actor), r.Role, r.Remote, oneLine(r.Call), fmt.Sprintf("%s %d", r.Outcome, r.Status), generations, oneLine(r.Reason),
	}
}
