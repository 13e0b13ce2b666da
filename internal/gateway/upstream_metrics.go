package gateway

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/weir-gateway/weir/proxy"
)

// upstream returns what a version's pools count, the same for as long as the
// gateway lives: a changed pool must not make a counter go down.
func (m *metrics) upstream(model, version string) *proxy.PoolCounters {
	c, _ := m.upstreams.LoadOrStore(upstreamKey{model, version}, new(proxy.PoolCounters))
	return c.(*proxy.PoolCounters)
}

func (m *metrics) collectUpstreams(out chan<- prometheus.Metric) {
	m.upstreams.Range(func(key, c any) bool {
		k, n := key.(upstreamKey), c.(*proxy.PoolCounters)
		counter(out, upstreamLimited, n.Full.Load(), k.model, k.version, "queue_full")
		counter(out, upstreamLimited, n.Expired.Load(), k.model, k.version, "queue_timeout")
		counter(out, upstreamRetries, n.Retried.Load(), k.model, k.version, "sent")
		counter(out, upstreamRetries, n.Unbudgeted.Load(), k.model, k.version, "over_budget")
		counter(out, upstreamHedges, n.HedgesWon.Load(), k.model, k.version, "won")
		counter(out, upstreamHedges, n.HedgesLost.Load(), k.model, k.version, "lost")
		counter(out, upstreamHedges, n.HedgesFailed.Load(), k.model, k.version, "failed")
		counter(out, upstreamHedges, n.HedgesUnbudgeted.Load(), k.model, k.version, "over_budget")
		counter(out, upstreamHedges, n.HedgesNowhere.Load(), k.model, k.version, "no_endpoint")
		counter(out, upstreamEjections, n.Ejected.Load(), k.model, k.version)
		return true
	})
}
