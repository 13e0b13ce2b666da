package admin

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/weir-gateway/weir/admin/api"
)

// getReport answers with the report of one version; without one named, of the stable version.
func (s *server) getReport(w http.ResponseWriter, r *http.Request) error {
	if !acceptsJSON(r.Header.Values("Accept")) {
		return newProblem(http.StatusNotAcceptable, api.TypeNotAcceptable,
			"the report comes as JSON only, so far: send Accept: application/json, or leave Accept away")
	}
	m, v, err := s.observed(r)
	if err != nil {
		return err
	}
	slice := r.URL.Query().Get("slice")
	live, err := s.Monitors.Report(m.Name, v.Version, slice)
	if err != nil {
		return unobserved(err, m.Name, v.Version, slice)
	}
	d := s.describeVersion(v, m.Traffic)
	return writeJSON(w, http.StatusOK, api.Report{LiveReport: *live, Serving: api.Serving{
		Role: d.Role, Weight: d.Weight, Sample: d.Sample, Traffic: m.Traffic, Routed: s.Router.RoutedGeneration(m.Name),
		Lineage: v.Lineage, Profile: v.Profile, Registered: v.Registered, By: v.By, Endpoints: d.Endpoints,
	}})
}

// acceptsJSON reads Accept (RFC 9110, 12.5.1): without one everything is accepted, and the most specific range that
// covers JSON decides.
func acceptsJSON(headers []string) bool {
	all := strings.Join(headers, ",")
	if strings.TrimSpace(all) == "" {
		return true
	}
	best, accepted := 0, false
	for part := range strings.SplitSeq(all, ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		precise := map[string]int{"*/*": 1, "application/*": 2, "application/json": 3}[kind]
		if precise <= best {
			continue
		}
		q, err := strconv.ParseFloat(params["q"], 64)
		best, accepted = precise, err != nil || q > 0
	}
	return accepted
}
