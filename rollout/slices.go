package rollout

import (
	"fmt"
	"slices"

	"github.com/weir-gateway/weir/rollout/judge"
)

// mostSliceFields of a plan are judged: their counts are part of the rollout's
// document, some 10 KB a field and step, packed.
const mostSliceFields = 4

func (p Plan) validateSlices() error {
	for i, g := range p.Guardrails {
		field := fmt.Sprintf("guardrails[%d].slices", i)
		if len(g.Slices) > 0 && (g.Metric == judge.MetricLatency || g.Metric == judge.MetricQuality) {
			return invalid(field, "%s is judged over all requests only; use errors or prediction", g.Metric)
		}
		for k, name := range g.Slices {
			if name == "" || slices.Contains(g.Slices[:k], name) {
				return invalid(field, "%q is empty or there twice", name)
			}
		}
	}
	if n := len(p.SliceFields()); n > mostSliceFields {
		return invalid("guardrails", "judge the slices of %d fields; use at most %d", n, mostSliceFields)
	}
	return nil
}

// SliceFields are the fields that guardrails judge by.
func (p *Plan) SliceFields() (fields []string) {
	for _, g := range p.Guardrails {
		for _, name := range g.Slices {
			if !slices.Contains(fields, name) {
				fields = append(fields, name)
			}
		}
	}
	return fields
}

// keepSlices leaves of a phase's slices those that the plan judges.
func (l *Ledger) keepSlices(r *Rollout, p *judge.Phase, role role) {
	if role != compared {
		p.Counts.Slices = nil
		return
	}
	if l.SliceValues == nil {
		l.SliceValues = map[string][]string{}
	}
	p.Counts.Slices = p.Counts.Slices.Only(r.Plan.SliceFields(), l.SliceValues)
}
