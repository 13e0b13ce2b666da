package gateway

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/weir-gateway/weir/monitor"
)

// collectCost reports what watching a model takes.
func collectCost(out chan<- prometheus.Metric, model string, m monitor.Metrics) {
	out <- prometheus.MustNewConstMetric(monitorSeconds, prometheus.CounterValue, m.Cost.Seconds, model)
	counter(out, monitorObservations, m.Cost.Observations, model)
	counter(out, monitorLeftOut, m.Cost.LeftOut, model)
	gauge(out, monitorQueueLength, float64(m.Cost.QueueLength), model)
	gauge(out, monitorQueueBytes, float64(m.Cost.QueueBytes), model)
	gauge(out, monitorMemory, float64(m.Memory.Bytes), model)
}
