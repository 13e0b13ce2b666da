package config

import (
	"fmt"
	"slices"
	"time"
)

// longest is the longest a rollout may take to do anything: a typing error
// above it, a decision nobody remembers.
const longest = 366 * 24 * time.Hour

func (c *checker) rollout(path string, r Rollout) {
	c.oneOf(RuleStrategy, path+".strategy", r.Strategy, "canary", "blue-green")
	c.oneOf(RuleAutomation, path+".automation", r.Automation, "manual", "supervised", "automatic")
	c.number(path+".false_alarm", r.FalseAlarm, 1e-9, 0.5)
	c.duration(path+".deadline", r.Deadline, time.Second, longest)
	c.duration(path+".bake", r.Bake, 0, longest)
	c.preview(path+".preview", r)
	c.shadowStage(path+".shadow", r.Shadow)
	if r.Strategy == "blue-green" {
		if c.said(path + ".steps") {
			c.fault(RuleStrategy, path+".steps", "are for canary; blue-green goes from standby to 100 %%: remove them, or use strategy: canary")
		}
	} else {
		c.steps(path+".steps", r)
	}
	if len(r.Guardrails) == 0 {
		c.fault(RuleNoGuardrails, path+".guardrails", "is empty, so that nothing would judge a candidate; list at least one, or remove the key to have all of them")
	}
	if len(r.Hooks) > mostHooks {
		c.fault(RuleHook, path+".hooks", "are %d; use at most %d", len(r.Hooks), mostHooks)
	}
	for i, h := range r.Hooks {
		c.hook(fmt.Sprintf("%s.hooks[%d]", path, i), h)
	}
	for i, g := range r.Guardrails {
		if inner := fmt.Sprintf("%s.guardrails[%d]", path, i); r.Strategy == "blue-green" && c.said(inner) && (g.Metric != "errors" || len(g.Slices) > 0) {
			c.fault(RuleStrategy, inner, "is for canary; after a switch there is nothing to compare with but the errors of all requests before: remove it, or use strategy: canary")
		}
		c.guardrail(fmt.Sprintf("%s.guardrails[%d]", path, i), g)
		c.guardrailTwice(fmt.Sprintf("%s.guardrails[%d]", path, i), g, r.Guardrails[:i])
	}
}

func (c *checker) preview(path string, r Rollout) {
	if r.Strategy == "canary" && r.Shadow.Sample == 0 && c.said(path) {
		c.fault(RuleStrategy, path, "is for blue-green; a canary without shadow begins with its first step: remove it, or use strategy: blue-green")
		return
	}
	c.count(path+".min_requests", r.Preview.MinRequests, 0, 1_000_000_000)
	c.duration(path+".min_time", r.Preview.MinTime, 0, longest)
	if r.Preview.MinTime >= r.Deadline && r.Deadline > 0 && r.Preview.MinTime.Std() <= longest {
		c.fault(RuleDeadline, path+".min_time", "is %s, but the deadline of a stage is %s, so that it would always hold for a person; shorten it or raise deadline", r.Preview.MinTime, r.Deadline)
	}
}

func (c *checker) shadowStage(path string, s ShadowStage) {
	switch {
	case !c.said(path):
		return
	case !c.said(path + ".sample"):
		c.fault(RuleShadowStage, path+".sample", "is missing; say which share of the requests is copied, such as 1 for all")
	default:
		c.number(path+".sample", s.Sample, 1e-9, 1)
	}
	c.count(path+".min_pairs", s.MinPairs, 0, 1_000_000_000)
	if !(s.MaxDisagreement > 0 && s.MaxDisagreement < 1) {
		c.fault(RuleShadowStage, path+".max_disagreement", "is %s; use a share between 0 and 1, such as 0.1: without an allowance nothing could be proven good", number(s.MaxDisagreement))
	}
}

// shadowsWatched: the monitor is what compares the copies' answers.
func (c *checker) shadowsWatched(path string, m *Model) {
	if m.Monitor.Off && m.Rollout.Shadow.Sample > 0 {
		c.fault(RuleShadowStage, path, "can't be compared while the monitor is off; turn it on, or remove shadow from rollout")
	}
}

func (c *checker) steps(path string, r Rollout) {
	if len(r.Steps) == 0 {
		c.fault(RuleNoSteps, path, "is empty; list the weights to walk through, such as [{weight: 5}], or use weir switch to move all traffic at once")
	}
	for i, s := range r.Steps {
		inner := fmt.Sprintf("%s[%d]", path, i)
		switch weight := inner + ".weight"; {
		case !c.said(inner): // a default
		case !c.said(weight):
			c.fault(RuleStepWeight, weight, "is missing; say what per cent of the traffic the candidate gets")
		case s.Weight == 0:
			c.fault(RuleStepWeight, weight, "is 0; use more than 0 and at most 100")
		case i > 0 && s.Weight <= r.Steps[i-1].Weight:
			c.fault(RuleStepOrder, weight, "is %s after %s; each step's weight must be larger than the one before", s.Weight, r.Steps[i-1].Weight)
		}
		c.count(inner+".min_requests", s.MinRequests, 0, 1_000_000_000)
		c.duration(inner+".min_time", s.MinTime, 0, longest)
		if s.MinTime >= r.Deadline && r.Deadline > 0 && s.MinTime.Std() <= longest {
			c.fault(RuleDeadline, inner+".min_time", "is %s, but the deadline of a step is %s, so that it would always hold for a person; shorten it or raise deadline", s.MinTime, r.Deadline)
		}
	}
}

func (c *checker) guardrail(path string, g Guardrail) {
	metric, known := metrics[g.Metric]
	switch {
	case !c.said(path): // a default
	case !c.said(path + ".metric"):
		c.fault(RuleMetric, path+".metric", "is missing; it can be %s", either(sortedKeys(metrics)))
	case !known:
		c.oneOf(RuleMetric, path+".metric", g.Metric, sortedKeys(metrics)...)
	case g.Margin <= 0 || g.Margin > metric.max:
		c.fault(RuleMargin, path+".margin", "is %s; for %s use more than 0 and at most %s (%s)", number(g.Margin), g.Metric, number(metric.max), metric.unit)
	}
	if !c.said(path + ".quantile") {
		return
	}
	if g.Metric != "latency" {
		c.fault(RuleQuantile, path+".quantile", "is only for latency; remove it")
	} else if g.Quantile <= 0 || g.Quantile >= 1 {
		c.fault(RuleQuantile, path+".quantile", "is %s; use a number between 0 and 1, such as 0.99", number(g.Quantile))
	}
}

func (c *checker) guardrailTwice(path string, g Guardrail, before []Guardrail) {
	for i, other := range before {
		if other.Metric == g.Metric && other.Quantile == g.Quantile && slices.Equal(other.Slices, g.Slices) && g.Metric != "" {
			c.fault(RuleGuardrailTwice, path, "judges the same as guardrails[%d]; keep one of them", i)
			return
		}
	}
}

// mostSliceFields is how many fields guardrails may judge by; their counts are
// kept in the rollout's document.
const mostSliceFields = 4

// guardrailSlices: the monitor is what tells a request's slice, and bounds them.
func (c *checker) guardrailSlices(path string, m *Model) {
	fields := map[string]bool{}
	for i, g := range m.Rollout.Guardrails {
		inner := fmt.Sprintf("%s[%d].slices", path, i)
		if g.Metric == "quality" && m.Monitor.Off {
			c.fault(RuleGuardrailOff, fmt.Sprintf("%s[%d].metric", path, i), "is quality, but labels find no prediction while the monitor is off; turn it on, or remove this guardrail")
		}
		if len(g.Slices) > 0 && (g.Metric == "latency" || g.Metric == "quality") {
			c.fault(RuleGuardrailSlice, inner, "is only for errors and prediction; %s is judged over all requests", g.Metric)
			continue
		}
		for k, s := range g.Slices {
			fields[s] = true
			switch at := fmt.Sprintf("%s[%d]", inner, k); {
			case m.Monitor.Off:
				c.fault(RuleGuardrailSlice, at, "%q can't be told while the monitor is off; turn it on, or remove slices", s)
			case !slices.Contains(m.Monitor.Slices, s):
				c.fault(RuleGuardrailSlice, at, "%q is not watched; add it to monitor.slices", s)
			case slices.Contains(g.Slices[:k], s):
				c.fault(RuleGuardrailSlice, at, "%q is there twice; keep one", s)
			}
		}
	}
	if len(fields) > mostSliceFields {
		c.fault(RuleGuardrailSlice, path, "judge the slices of %d fields; use at most %d", len(fields), mostSliceFields)
	}
}
