package admin

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

func (s *server) getModels(w http.ResponseWriter, r *http.Request) error {
	snapshot, err := s.Store.Snapshot(r.Context())
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for name := range snapshot.Models {
		names[name] = true
	}
	for _, name := range s.Router.ConfiguredModels() {
		names[name] = true
	}
	answer := api.Models{Models: []api.Model{}}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		m, err := s.describe(r.Context(), name, snapshot.Models[name])
		if err != nil {
			return err
		}
		answer.Models = append(answer.Models, m)
	}
	for _, problem := range snapshot.Problems {
		answer.Problems = append(answer.Problems, problem.Error())
	}
	return writeJSON(w, http.StatusOK, answer)
}

func (s *server) getModel(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("model")
	stored, err := s.model(r.Context(), name)
	if err != nil {
		return err
	}
	answer, err := s.describe(r.Context(), name, stored)
	if err != nil {
		return err
	}
	wanted := uint64(0)
	if stored.Traffic != nil {
		wanted = stored.Traffic.Generation
	}
	if answer.Replicas, err = s.replicas(r.Context(), name, wanted); err != nil {
		answer.ReplicasError = err.Error()
	}
	return writeJSON(w, http.StatusOK, answer)
}

// model is what the registry has under the name: empty for a model that is only configured, not-found for one that
// nobody knows.
func (s *server) model(ctx context.Context, name string) (registry.Model, error) {
	snapshot, err := s.Store.Snapshot(ctx)
	if err != nil {
		return registry.Model{}, err
	}
	m, ok := snapshot.Models[name]
	if !ok && !s.configured(name) {
		return registry.Model{}, notFound("there is no model %q here, neither registered nor configured; see GET /api/v1/models", name)
	}
	m.Name = name
	return m, nil
}

// version is one registered version, or not-found with the ones there are.
func (s *server) version(ctx context.Context, model, version string) (registry.Version, error) {
	m, err := s.model(ctx, model)
	if err != nil {
		return registry.Version{}, err
	}
	if v, ok := m.Lookup(version); ok {
		return v, nil
	}
	known := slices.Sorted(maps.Keys(m.Index()))
	if len(known) == 0 {
		return registry.Version{}, notFound("%s has no registered versions", model)
	}
	return registry.Version{}, notFound("%s has no version %q; registered are %q", model, version, known)
}

func (s *server) configured(name string) bool {
	return slices.Contains(s.Router.ConfiguredModels(), name)
}

func (s *server) describe(ctx context.Context, name string, m registry.Model) (api.Model, error) {
	answer := api.Model{
		Name:       name,
		Configured: s.configured(name),
		Routed:     s.Router.RoutedGeneration(name),
		Traffic:    m.Traffic,
		Interim:    s.Router.Interim(name),
		Versions:   []api.Version{},
		Source:     s.Sources.Source(name),
	}
	for _, v := range m.Versions {
		answer.Versions = append(answer.Versions, s.describeVersion(v, m.Traffic))
	}
	if leader, ok := s.Rollouts.Leader(); ok {
		answer.Leader = &leader
	}
	walk, err := s.Rollouts.Status(ctx, name)
	switch {
	case errors.Is(err, registry.ErrNotFound):
	case ctx.Err() != nil:
		return api.Model{}, ctx.Err()
	case err != nil:
		// What routes is worth telling even while the registry can't say more.
		answer.RolloutError = err.Error()
	default:
		answer.Rollout = summarize(walk)
	}
	return answer, nil
}

func (s *server) describeVersion(v registry.Version, t *registry.Traffic) api.Version {
	answer := api.Version{
		Registered: v,
		Role:       role(v.Version, t),
		Endpoints:  s.Health.Endpoints(v.Model, v.Version),
		Monitor:    s.monitorSummary(v.Model, v.Version),
	}
	if answer.Endpoints == nil {
		answer.Endpoints = []api.Endpoint{}
	}
	if t == nil {
		return answer
	}
	for _, a := range t.Arms {
		if a.Version == v.Version {
			answer.Weight = &a.Weight
		}
	}
	for _, sh := range t.Shadows {
		if sh.Version == v.Version {
			answer.Sample = sh.Sample
		}
	}
	return answer
}

// role names a version's part in the traffic.
func role(version string, t *registry.Traffic) string {
	switch {
	case t == nil:
		return api.RoleIdle
	case version == t.Stable:
		return api.RoleStable
	case t.HasArm(version):
		return api.RoleCandidate
	case slices.ContainsFunc(t.Shadows, func(s registry.Shadow) bool { return s.Version == version }):
		return api.RoleShadow
	case slices.Contains(t.Standby, version):
		return api.RoleStandby
	}
	return api.RoleIdle
}
