package main

import (
	"fmt"
	"strings"

	"github.com/weir-gateway/weir/admin/api"
)

// showReplicas tells which of the gateways that share the registry route by the wanted generation, where there are several.
func (a *app) showReplicas(m api.Model) {
	if m.ReplicasError != "" {
		a.printf("%s\n", a.yellow("what the other gateways route by can't be told: "+oneLine(m.ReplicasError)))
	}
	var routed []string
	var odd []string
	for _, r := range m.Replicas {
		switch {
		case !r.Alive:
			odd = append(odd, fmt.Sprintf("%s is not heard of; it last told of generation %d", r.Name, r.Routed))
		case !r.Configured:
			odd = append(odd, r.Name+" has no route for this model")
		case r.Behind:
			odd = append(odd, fmt.Sprintf("%s is behind: it routes by generation %d", r.Name, r.Routed))
		default:
			routed = append(routed, r.Name)
		}
	}
	if len(m.Replicas) > 0 && m.Traffic != nil {
		a.printf("routed by %d of %d gateways: %s\n", len(routed), len(m.Replicas), orDash(strings.Join(routed, ", ")))
	}
	for _, line := range odd {
		a.printf("%s\n", a.yellow(line))
	}
}

// tellEverywhere tells how the wait for the other gateways went, and fails where some are behind.
func (a *app) tellEverywhere(c api.Changed) error {
	if c.Everywhere == nil {
		if c.Routed && !a.asJSON { // else it has been said
			a.printf("%s\n", a.yellow(c.Note))
		}
		return &exitError{code: exitFailed}
	}
	if a.asJSON {
		return nil
	}
	live := 0
	for _, r := range c.Replicas {
		if r.Alive && r.Configured {
			live++
		}
	}
	if live > 0 {
		a.printf("%s by all %d gateways after %s\n", a.green("routed"), live, seconds(*c.Everywhere))
	}
	if c.Note != "" && c.Routed {
		a.printf("%s\n", a.yellow(c.Note))
	}
	return nil
}
