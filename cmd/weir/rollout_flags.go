package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// rolloutOverrides are the flags that stand before the configured plan.
type rolloutOverrides struct {
	strategy, automation string
	steps, guardrails    []string
	falseAlarm           float64
	deadline, bake       time.Duration
}

func (o *rolloutOverrides) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.strategy, "strategy", "", "canary or blue-green")
	f.StringVar(&o.automation, "automation", "", "manual (advises only), supervised (goes back by itself, a person promotes) or automatic (both)")
	f.StringArrayVar(&o.steps, "step", nil, "PER-CENT[:MIN-REQUESTS[:MIN-TIME[:approve]]], in order; repeat for each step")
	f.Float64Var(&o.falseAlarm, "false-alarm", 0, "chance that an equally good version is ever rolled back, over the whole rollout")
	f.StringArrayVar(&o.guardrails, "guardrail", nil, "errors=POINTS, latency:QUANTILE=PER-CENT, prediction=DISTANCE or quality=POINTS; repeat for each")
	f.DurationVar(&o.deadline, "deadline", 0, "an undecided step holds for a person after so long")
	f.DurationVar(&o.bake, "bake", 0, "after 100 %, how long the version before stays standby and takes over on a failure")
}

// request takes over the flags that were given; given tells which.
func (o *rolloutOverrides) request(given func(flag string) bool) (api.RolloutRequest, error) {
	r := api.RolloutRequest{Strategy: o.strategy, Automation: o.automation}
	for _, text := range o.steps {
		step, err := parseStep(text)
		if err != nil {
			return r, err
		}
		r.Steps = append(r.Steps, step)
	}
	if len(o.guardrails) > 0 {
		guardrails := []judge.Guardrail{}
		for _, text := range o.guardrails {
			g, err := parseGuardrail(text)
			if err != nil {
				return r, err
			}
			guardrails = append(guardrails, g)
		}
		r.Guardrails = &guardrails
	}
	if given("false-alarm") {
		r.FalseAlarm = &o.falseAlarm
	}
	if o.deadline < 0 || o.bake < 0 {
		return r, usage("--deadline and --bake must not be negative")
	}
	if given("deadline") {
		deadline := api.Duration(o.deadline)
		r.Deadline = &deadline
	}
	if given("bake") {
		bake := api.Duration(o.bake)
		r.Bake = &bake
	}
	return r, nil
}

// parseStep reads PER-CENT[:MIN-REQUESTS[:MIN-TIME[:approve]]]; parts may be empty.
func parseStep(text string) (api.RolloutStep, error) {
	var step api.RolloutStep
	parts := strings.Split(text, ":")
	if len(parts) > 4 {
		return step, usage("--step %q has more than four parts; it is PER-CENT[:MIN-REQUESTS[:MIN-TIME[:approve]]]", text)
	}
	parts = append(parts, "", "", "")
	weight, err := registry.ParseWeight(strings.TrimSuffix(parts[0], "%"))
	if err != nil {
		return step, usage("--step %q: %w", text, err)
	}
	step.Weight = weight
	if parts[1] != "" {
		if step.MinRequests, err = strconv.ParseInt(parts[1], 10, 64); err != nil || step.MinRequests < 0 {
			return step, usage("--step %q: %q is not a number of requests", text, parts[1])
		}
	}
	if parts[2] != "" {
		minTime, err := time.ParseDuration(parts[2])
		if err != nil || minTime < 0 {
			return step, usage("--step %q: %q is not a duration such as 1m", text, parts[2])
		}
		step.MinTime = api.Duration(minTime)
	}
	if parts[3] != "" && parts[3] != "approve" {
		return step, usage("--step %q: the fourth part can only be \"approve\"", text)
	}
	step.Approve = parts[3] == "approve"
	return step, nil
}

// parseGuardrail reads errors=POINTS, latency:QUANTILE=PER-CENT, prediction=DISTANCE or
// quality=POINTS, and errors@FIELD,FIELD=POINTS where each slice is judged by itself.
func parseGuardrail(text string) (judge.Guardrail, error) {
	var g judge.Guardrail
	name, margin, ok := strings.Cut(text, "=")
	name, fields, sliced := strings.Cut(name, "@")
	metric, quantile, hasQuantile := strings.Cut(name, ":")
	if sliced {
		g.Slices = strings.Split(fields, ",")
	}
	var err error
	if g.Margin, err = strconv.ParseFloat(margin, 64); !ok || err != nil {
		return g, usage("--guardrail %q is not errors=POINTS, latency:QUANTILE=PER-CENT, prediction=DISTANCE or quality=POINTS", text)
	}
	g.Metric = metric
	if hasQuantile {
		if g.Quantile, err = strconv.ParseFloat(quantile, 64); err != nil {
			return g, usage("--guardrail %q: %q is not a quantile such as 0.99", text, quantile)
		}
	}
	return g, nil
}
