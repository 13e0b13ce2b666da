package admin

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/weir-gateway/weir/monitor"
)

// maxLabels is how many labels one call takes.
const maxLabels = 10_000

// postFeedback joins labels with predictions. It answers 200 whatever became of the single labels, and says so.
func (s *server) postFeedback(w http.ResponseWriter, r *http.Request) error {
	model := r.PathValue("model")
	if _, err := s.model(r.Context(), model); err != nil {
		return err
	}
	data, err := readBody(w, r, maxProfile)
	if err != nil {
		return err
	}
	var labels []monitor.Label
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&labels); err != nil || d.More() {
		return invalid("body", "must be one list of {\"request_id\",\"label\",\"row\",\"source\"}: %v", err)
	}
	if len(labels) > maxLabels {
		return invalid("body", "has %d labels, but one call takes %d; send them in several", len(labels), maxLabels)
	}
	feedback, err := s.Monitors.Label(model, labels)
	if isUnknown(err) {
		return notFound("the monitor of %s is off or not running, so that there are no predictions to label", model)
	}
	if err != nil {
		return err
	}
	// Taken labels are counted, and change nothing that serves: a pipeline that sends some every second would push the
	// records of real changes out of the audit log within days.
	callOf(r).silent = true
	return writeJSON(w, http.StatusOK, feedback)
}
