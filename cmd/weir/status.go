package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/admin/client"
)

func (a *app) statusCommand() *cobra.Command {
	var watch bool
	cmd := &cobra.Command{
		Use:   "status [MODEL]",
		Short: "What serves now, how it is, and how a rollout is getting on",
		Long: `Tells what serves now, how it is, and how a rollout is getting on.

With --watch it goes on until Ctrl-C: on a terminal the status is redrawn every second; in a pipe it is printed again,
under the time, whenever more than counts has changed.`,
		Args: cobra.MaximumNArgs(1),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			show := func(ctx context.Context) error { return a.status(ctx, c, args) }
			if watch && a.asJSON {
				return usage("--watch is for people; scripts follow GET /api/v1/events")
			}
			if watch {
				return a.watchStatus(ctx, show)
			}
			return show(ctx)
		}),
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "go on showing it until Ctrl-C")
	return a.reads(cmd)
}

func (a *app) status(ctx context.Context, c *client.Client, args []string) error {
	if len(args) == 0 {
		models, err := c.Models(ctx)
		if err != nil {
			return err
		}
		return a.showModels(models)
	}
	m, err := c.Model(ctx, args[0])
	if err != nil {
		return err
	}
	return a.showModel(m)
}

func (a *app) showModels(models api.Models) error {
	if a.asJSON {
		return a.printJSON(models)
	}
	rows := [][]string{{"MODEL", "GENERATION", "TRAFFIC", "HEALTH", "ALARMS", "ROLLOUT"}}
	for _, m := range models.Models {
		row := []string{m.Name, "", "none", "", "", ""}
		if m.Traffic != nil {
			row[1], row[2] = generation(m), describeTraffic(m.Traffic)
		}
		if !m.Configured {
			row[2] += " (not in the gateway's configuration)"
		}
		row[3] = modelHealth(m)
		var alarms uint64
		for _, v := range m.Versions {
			if v.Monitor != nil {
				alarms += v.Monitor.Alarms
			}
		}
		row[4] = strconv.FormatUint(alarms, 10)
		if m.Rollout != nil {
			row[5] = fmt.Sprintf("%s to %s", m.Rollout.Status, m.Rollout.Candidate)
		}
		rows = append(rows, row)
	}
	a.table(rows)
	for _, problem := range models.Problems {
		a.printf("%s%s\n", a.red("registry: "), problem)
	}
	return nil
}

func (a *app) showModel(m api.Model) error {
	if a.asJSON {
		return a.printJSON(m)
	}
	if m.Traffic == nil {
		a.printf("%s has no traffic yet: give it some with \"weir switch %s VERSION\"\n", a.bold(m.Name), m.Name)
	} else {
		a.printf("%s generation %s: %s\n", a.bold(m.Name), generation(m), describeTraffic(m.Traffic))
		a.printf("since %s by %s: %s\n", moment(m.Traffic.Time), orDash(m.Traffic.Actor), orDash(oneLine(m.Traffic.Reason)))
	}
	if t := m.Interim; t != nil {
		a.printf("%s\n", a.yellow(fmt.Sprintf("this gateway routes by a rollback to %s that the registry does not know yet: since %s by %s: %s",
			describeTraffic(t), moment(t.Time), orDash(t.Actor), orDash(oneLine(t.Reason)))))
	}
	if !m.Configured {
		a.printf("%s\n", a.yellow("this gateway's configuration has no such model: it routes nothing to it"))
	}
	if r := m.Rollout; r != nil {
		a.printf("rollout to %s: %s; %s\n", r.Candidate, a.paintStatus(r.Status), r.Why)
		if r.Advice != "" {
			a.printf("%s\n", a.yellow(r.Advice))
		}
	}
	if m.Source != nil {
		a.showSource(m)
	}
	a.showReplicas(m)
	if m.Leader != nil {
		a.printf("rollouts are run by %s, admin API at %s\n", m.Leader.Name, m.Leader.Admin)
	}
	rows := [][]string{{"VERSION", "ROLE", "SHARE", "HEALTHY", "REQUESTS", "ERRORS", "P99", "OBSERVATIONS", "ALARMS"}}
	for _, v := range m.Versions {
		rows = append(rows, versionRow(v))
	}
	if len(m.Versions) > 0 {
		a.table(rows)
	}
	for _, v := range m.Versions {
		for _, e := range v.Endpoints {
			if !e.Healthy {
				a.printf("%s %s at %s since %s: %s\n", a.red("unhealthy"), v.Registered.Version, e.URL, moment(e.Since), orDash(e.LastError))
			}
		}
	}
	return nil
}

func versionRow(v api.Version) []string {
	row := []string{v.Registered.Version, v.Role, "", "", "", "", "", "", ""}
	if v.Weight != nil {
		row[2] = v.Weight.String() + " %"
	}
	if v.Sample > 0 {
		row[2] = "copies of " + strconv.FormatFloat(100*v.Sample, 'g', 4, 64) + " %"
	}
	if len(v.Endpoints) > 0 {
		row[3] = health(v.Endpoints)
	}
	if s := v.Monitor; s != nil {
		row[4], row[5] = strconv.FormatUint(s.Requests, 10), strconv.FormatUint(s.Errors, 10)
		if p99, ok := s.Latency["0.99"]; ok {
			row[6] = seconds(p99)
		}
		row[7], row[8] = strconv.FormatUint(s.Observations, 10), strconv.FormatUint(s.Alarms, 10)
	}
	return row
}

// generation is the desired one, with the routed one where that is another.
func generation(m api.Model) string {
	text := strconv.FormatUint(m.Traffic.Generation, 10)
	if m.Configured && m.Routed != m.Traffic.Generation {
		text += fmt.Sprintf(" (routed: %d)", m.Routed)
	}
	return text
}

// modelHealth counts the endpoints of the versions that get requests.
func modelHealth(m api.Model) string {
	var all []api.Endpoint
	for _, v := range m.Versions {
		if v.Role == api.RoleStable || v.Role == api.RoleCandidate || v.Role == api.RoleShadow {
			all = append(all, v.Endpoints...)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return health(all)
}

func health(endpoints []api.Endpoint) string {
	healthy := 0
	for _, e := range endpoints {
		if e.Healthy {
			healthy++
		}
	}
	return fmt.Sprintf("%d of %d", healthy, len(endpoints))
}

func orDash(text string) string {
	if strings.TrimSpace(text) == "" {
		return "-"
	}
	return text
}
