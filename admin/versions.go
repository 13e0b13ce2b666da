package admin

import (
	"errors"
	"net/http"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

// putVersion registers a version. The very same content again is no change (200); another content is 409.
func (s *server) putVersion(w http.ResponseWriter, r *http.Request) error {
	var body api.Registration
	if err := decodeBody(w, r, &body); err != nil {
		return err
	}
	v := registry.Version{
		Model:      r.PathValue("model"),
		Version:    r.PathValue("version"),
		Endpoints:  body.Endpoints,
		Lineage:    body.Lineage,
		Profile:    body.Profile,
		Registered: s.Now().UTC(),
		By:         actor(r),
	}
	if v.Profile != "" {
		if _, err := s.Store.Profile(r.Context(), v.Profile); errors.Is(err, registry.ErrNotFound) {
			return invalid("profile", "is not stored: send the profile to POST /api/v1/profiles first and give the digest it answers")
		} else if err != nil {
			return err
		}
	}
	before, err := s.Store.Snapshot(r.Context())
	if err != nil {
		return err
	}
	stored, err := s.Store.Register(r.Context(), v)
	if err != nil {
		return err
	}
	_, known := before.Models[v.Model].Lookup(v.Version)
	answer := api.Registered{Version: stored, Created: !known, Configured: s.configured(v.Model)}
	if !answer.Created {
		return writeJSON(w, http.StatusOK, answer)
	}
	return writeJSON(w, http.StatusCreated, answer)
}
