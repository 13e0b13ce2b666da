package config

// Rule names what a fault breaks; stable, so that tests and scripts can rely on it.
type Rule string

// The rules of form, which the decoder checks.
const (
	RuleDuration Rule = "duration"
	RuleSize     Rule = "size"
	RulePercent  Rule = "percent"
)
