package admin

import (
	"errors"
	"net/http"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
)

// getMonitor answers with the whole monitor of one version; without one named, of the stable version.
func (s *server) getMonitor(w http.ResponseWriter, r *http.Request) error {
	_, version, err := s.observed(r)
	if err != nil {
		return err
	}
	model, slice := r.PathValue("model"), r.URL.Query().Get("slice")
	summary, err := s.Monitors.Summary(model, version.Version, slice)
	if err != nil {
		return unobserved(err, model, version.Version, slice)
	}
	return writeJSON(w, http.StatusOK, summary)
}

// observed is the model and the version that a call on a monitor means: the stable one unless it names another.
func (s *server) observed(r *http.Request) (m registry.Model, v registry.Version, err error) {
	model, version := r.PathValue("model"), r.URL.Query().Get("version")
	if m, err = s.model(r.Context(), model); err != nil {
		return m, v, err
	}
	if version == "" {
		if m.Traffic == nil {
			return m, v, invalid("version", "must be given: %s has no traffic and so no stable version to take instead", model)
		}
		version = m.Traffic.Stable
	}
	v, err = s.version(r.Context(), model, version)
	return m, v, err
}

// unobserved says why a monitor has nothing to show.
func unobserved(err error, model, version, slice string) error {
	switch {
	case !isUnknown(err):
		return err
	case slice != "":
		return notFound("nothing was observed of %s version %s in the slice %q; the monitor without slice= lists the slices there are", model, version, slice)
	}
	return notFound("nothing was observed of %s version %s: it gets neither traffic nor copies, or the model's monitor is off", model, version)
}

// monitorSummary is the short form for lists; nil where nothing was observed.
func (s *server) monitorSummary(model, version string) *api.MonitorSummary {
	full, err := s.Monitors.Summary(model, version, "")
	if err != nil {
		return nil
	}
	short := &api.MonitorSummary{
		Observations: full.Observations,
		Requests:     full.Software.Requests,
		Errors:       full.Software.Errors,
		Latency:      full.Software.Latency,
	}
	for _, f := range full.Features {
		short.Alarms += f.AlarmsTotal
	}
	return short
}

func isUnknown(err error) bool {
	return errors.Is(err, monitor.ErrUnknown) || errors.Is(err, registry.ErrNotFound)
}
