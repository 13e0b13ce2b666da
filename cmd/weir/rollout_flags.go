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
	preview, shadow      string
	steps, guardrails    []string
	falseAlarm           float64
	deadline, bake       time.Duration
}

func (o *rolloutOverrides) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.strategy, "strategy", "", "canary or blue-green")
	f.StringVar(&o.automation, "automation", "", "manual (advises only), supervised (goes back by itself, a person promotes) or automatic (both)")
	f.StringVar(&o.preview, "preview", "", "blue-green, or with --shadow: [MIN-REQUESTS][:MIN-TIME[:approve]] on standby before the first step; the requests are those to the stable version")
	f.StringVar(&o.shadow, "shadow", "", "SAMPLE[:MIN-PAIRS[:MAX-DISAGREEMENT]] copies to the candidate before the first step; 0: none")
	f.StringArrayVar(&o.steps, "step", nil, "PER-CENT[:MIN-REQUESTS[:MIN-TIME[:approve]]], in order; repeat for each step")
	f.Float64Var(&o.falseAlarm, "false-alarm", 0, "chance that an equally good version is ever rolled back, over the whole rollout")
	f.StringArrayVar(&o.guardrails, "guardrail", nil, "errors=POINTS, latency:QUANTILE=PER-CENT, prediction=DISTANCE or quality=POINTS; repeat for each")
	f.DurationVar(&o.deadline, "deadline", 0, "an undecided step holds for a person after so long")
	f.DurationVar(&o.bake, "bake", 0, "after 100 %, how long the version before stays standby and takes over on a failure")
}

// request takes over the flags that were given; given tells which.
func (o *rolloutOverrides) request(given func(flag string) bool) (api.RolloutRequest, error) {
	r := api.RolloutRequest{Strategy: o.strategy, Automation: o.automation}
	if given("preview") {
		stage, err := parsePreview(o.preview)
		if err != nil {
			return r, err
		}
		r.Preview = &stage
	}
	if given("shadow") {
		stage, err := parseShadow(o.shadow)
		if err != nil {
			return r, err
		}
		r.Shadow = &stage
	}
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

// parsePreview reads [MIN-REQUESTS][:MIN-TIME[:approve]].
func parsePreview(text string) (api.RolloutPreview, error) {
	var stage api.RolloutPreview
	parts := strings.Split(text, ":")
	if len(parts) > 3 {
		return stage, usage("--preview %q has more than three parts; it is [MIN-REQUESTS][:MIN-TIME[:approve]]", text)
	}
	step, err := parseConditions("--preview", text, append(parts, "", ""))
	return api.RolloutPreview{MinRequests: step.MinRequests, MinTime: step.MinTime, Approve: step.Approve}, err
}

// parseShadow reads SAMPLE[:MIN-PAIRS[:MAX-DISAGREEMENT]].
func parseShadow(text string) (stage api.RolloutShadow, err error) {
	parts := strings.Split(text, ":")
	if len(parts) > 3 {
		return stage, usage("--shadow %q has more than three parts; it is SAMPLE[:MIN-PAIRS[:MAX-DISAGREEMENT]]", text)
	}
	if stage.Sample, err = strconv.ParseFloat(parts[0], 64); err != nil {
		return stage, usage("--shadow %q: %q is not a share such as 0.5", text, parts[0])
	}
	if len(parts) > 1 && parts[1] != "" {
		pairs, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil || pairs < 0 {
			return stage, usage("--shadow %q: %q is not a number of pairs", text, parts[1])
		}
		stage.MinPairs = &pairs
	}
	if len(parts) > 2 {
		if stage.MaxDisagreement, err = strconv.ParseFloat(parts[2], 64); err != nil {
			return stage, usage("--shadow %q: %q is not a share such as 0.1", text, parts[2])
		}
	}
	return stage, nil
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
	step, err = parseConditions("--step", text, parts[1:])
	step.Weight = weight
	return step, err
}

// parseConditions reads the parts MIN-REQUESTS, MIN-TIME and approve of a flag.
func parseConditions(flag, text string, parts []string) (step api.RolloutStep, err error) {
	if parts[0] != "" {
		if step.MinRequests, err = strconv.ParseInt(parts[0], 10, 64); err != nil || step.MinRequests < 0 {
			return step, usage("%s %q: %q is not a number of requests", flag, text, parts[0])
		}
	}
	if parts[1] != "" {
		minTime, err := time.ParseDuration(parts[1])
		if err != nil || minTime < 0 {
			return step, usage("%s %q: %q is not a duration such as 1m", flag, text, parts[1])
		}
		step.MinTime = api.Duration(minTime)
	}
	if parts[2] != "" && parts[2] != "approve" {
		return step, usage("%s %q: the last part can only be \"approve\"", flag, text)
	}
	step.Approve = parts[2] == "approve"
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
