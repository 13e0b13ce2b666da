package admin

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
)

// postProfile stores a profile under the digest of its bytes; the same bytes again are the same profile.
func (s *server) postProfile(w http.ResponseWriter, r *http.Request) error {
	data, err := readBody(w, r, maxProfile)
	if err != nil {
		return err
	}
	if _, err := monitor.DecodeProfile(data); err != nil {
		return invalid("body", "is not a profile: %v; make one with \"weir profile build\"", err)
	}
	digest, err := s.Store.PutProfile(r.Context(), data)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, api.ProfileStored{Digest: digest})
}

func (s *server) getProfile(w http.ResponseWriter, r *http.Request) error {
	data, err := s.Store.Profile(r.Context(), r.PathValue("digest"))
	if errors.Is(err, registry.ErrNotFound) {
		return notFound("there is no profile %s", r.PathValue("digest"))
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	// The digest is the content's own: the one answer of this API that never changes.
	w.Header().Set("Cache-Control", "max-age=31536000, immutable")
	w.Header().Set("ETag", `"`+r.PathValue("digest")+`"`)
	_, _ = w.Write(data) // byte for byte what the digest is of; the client has left: nothing to do about it
	return nil
}

// getLiveProfile makes a profile of what the version's monitor saw in its window.
func (s *server) getLiveProfile(w http.ResponseWriter, r *http.Request) error {
	model, version := r.PathValue("model"), r.PathValue("version")
	if _, err := s.version(r.Context(), model, version); err != nil {
		return err
	}
	profile, err := s.Monitors.Profile(model, version)
	if isUnknown(err) {
		return notFound("nothing was observed of %s version %s: it gets neither traffic nor copies, or the model's monitor is off", model, version)
	}
	if err != nil {
		return err
	}
	data, err := profile.Encode()
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, json.RawMessage(data))
}
