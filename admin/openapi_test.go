package admin

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
	"github.com/weir-gateway/weir/rollout/judge"
)

type openAPIDocument struct {
	Paths      map[string]map[string]struct{ OperationID string }
	Components struct {
		Schemas map[string]struct {
			Description string
			Properties  map[string]any
			Required    []string
		}
	}
}

func readOpenAPI(t *testing.T) openAPIDocument {
	t.Helper()
	var doc openAPIDocument
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestOpenAPIListsExactlyTheRoutes(t *testing.T) {
	var described, registered []string
	ids := map[string]bool{}
	for path, methods := range readOpenAPI(t).Paths {
		for method, operation := range methods {
			described = append(described, strings.ToUpper(method)+" "+path)
			if operation.OperationID == "" || ids[operation.OperationID] {
				t.Errorf("%s %s: operation id %q is missing or used twice", method, path, operation.OperationID)
			}
			ids[operation.OperationID] = true
		}
	}
	for _, r := range (&server{}).routes() {
		registered = append(registered, r.method+" "+r.path)
	}
	slices.Sort(described)
	slices.Sort(registered)
	if !slices.Equal(described, registered) {
		t.Errorf("described:\n%s\nregistered:\n%s", strings.Join(described, "\n"), strings.Join(registered, "\n"))
	}
}

func TestOpenAPIReferencesExist(t *testing.T) {
	var whole map[string]any
	if err := json.Unmarshal(openAPI, &whole); err != nil {
		t.Fatal(err)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				var at any = whole
				for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
					object, _ := at.(map[string]any)
					at = object[part]
				}
				if at == nil {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			for _, child := range v {
				walk(child)
			}
		case []any:
			for _, child := range v {
				walk(child)
			}
		}
	}
	walk(whole)
}

// TestOpenAPISchemasHaveTheFieldsOfTheDocuments compares member by member. Documents whose description says that more
// may stand beside these need only have what is described.
func TestOpenAPISchemasHaveTheFieldsOfTheDocuments(t *testing.T) {
	documents := map[string]any{
		"Problem": api.Problem{}, "Field": api.Field{}, "Models": api.Models{}, "Model": api.Model{},
		"VersionStatus": api.Version{}, "Endpoint": api.Endpoint{}, "MonitorSummary": api.MonitorSummary{},
		"Version": registry.Version{}, "Lineage": registry.Lineage{}, "Registration": api.Registration{},
		"Registered": api.Registered{}, "Traffic": registry.Traffic{}, "Arm": registry.Arm{}, "Shadow": registry.Shadow{},
		"TrafficUpdate": api.TrafficUpdate{}, "RollbackRequest": api.RollbackRequest{}, "Changed": api.Changed{},
		"History": api.History{}, "Diff": api.Diff{}, "Change": registry.Change{}, "ProfileStored": api.ProfileStored{},
		"RolloutRequest": api.RolloutRequest{}, "RolloutPreview": api.RolloutPreview{}, "RolloutShadow": api.RolloutShadow{}, "RolloutStep": api.RolloutStep{}, "RolloutCommand": api.RolloutCommand{},
		"RolloutSummary": api.RolloutSummary{}, "Guardrail": judge.Guardrail{}, "Readiness": api.Readiness{},
		"ReplicaStatus": api.ReplicaStatus{}, "Replica": registry.Replica{},
		"Source": api.Source{}, "SkippedVersion": api.SkippedVersion{},
		"Check": api.Check{}, "Audit": api.Audit{}, "AuditRecord": api.AuditRecord{}, "Reloaded": api.Reloaded{}, "Event": api.Event{}, "Rollout": rollout.Rollout{},
		"Verdict": judge.Verdict{}, "Monitor": monitor.Summary{}, "Feature": monitor.FeatureSummary{},
		"Report": api.Report{}, "ReportFeature": monitor.FeatureReport{}, "Serving": api.Serving{},
		"Label": monitor.Label{}, "Feedback": monitor.Feedback{},
	}
	schemas := readOpenAPI(t).Components.Schemas
	for name, document := range documents {
		schema, ok := schemas[name]
		if !ok {
			t.Errorf("%s is not described", name)
			continue
		}
		open := strings.Contains(schema.Description, "more members may stand")
		members := membersOf(reflect.TypeOf(document))
		for member := range schema.Properties {
			if !slices.Contains(members, member) {
				t.Errorf("%s.%s is described and does not exist", name, member)
			}
		}
		for _, member := range members {
			if _, ok := schema.Properties[member]; !ok && !open {
				t.Errorf("%s.%s exists and is not described", name, member)
			}
		}
		for _, member := range schema.Required {
			if _, ok := schema.Properties[member]; !ok {
				t.Errorf("%s.%s is required and not described", name, member)
			}
		}
	}
}

func membersOf(t reflect.Type) []string {
	var names []string
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" && field.Anonymous { // its members stand beside the others
			names = append(names, membersOf(field.Type)...)
			continue
		}
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}
