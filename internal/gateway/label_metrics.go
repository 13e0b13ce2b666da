package gateway

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/weir-gateway/weir/monitor"
)

// collectLabels reports what became of labels and what they said.
func collectLabels(out chan<- prometheus.Metric, model string, mon *monitor.Monitor) {
	mon.LabelCounts(func(version, outcome string, n uint64) {
		counter(out, labelsTotal, n, model, version, outcome)
	})
	for version, sources := range mon.Qualities() {
		for source, q := range sources {
			for metric, value := range q.Metrics() {
				gauge(out, qualityOf, value, model, version, source, metric)
			}
		}
	}
}
