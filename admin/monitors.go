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
	model, query := r.PathValue("model"), r.URL.Query()
	version, slice := query.Get("version"), query.Get("slice")
	stored, err := s.model(r.Context(), model)
	if err != nil {
		return err
	}
	if version == "" {
		if stored.Traffic == nil {
			return invalid("version", "must be given: %s has no traffic and so no stable version to take instead", model)
		}
		version = stored.Traffic.Stable
	}
	if _, err := s.version(r.Context(), model, version); err != nil {
		return err
	}
	summary, err := s.Monitors.Summary(model, version, slice)
	if isUnknown(err) && slice != "" {
		return notFound("nothing was observed of %s version %s in the slice %q; the monitor without slice= lists the slices there are", model, version, slice)
	}
	if isUnknown(err) {
		return notFound("nothing was observed of %s version %s: it gets neither traffic nor copies, or the model's monitor is off", model, version)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, summary)
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
