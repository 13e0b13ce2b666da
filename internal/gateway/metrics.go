package gateway

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/monitor/sketch"
	"github.com/weir-gateway/weir/registry"
)

// metrics collects everything on /metrics at the moment of a scrape from the
// counters that the parts keep: nothing is registered as requests go by, and a
// request touches nothing but atomics.
type metrics struct {
	gateway  *Gateway
	registry *prometheus.Registry

	problems atomic.Uint64 // registry content that could not be used
	rollback latency       // decision → routed
	reload   struct {
		mu      sync.Mutex
		good    bool
		last    time.Time
		refused uint64
	}
	models    sync.Map // model → *counters
	upstreams sync.Map // upstreamKey → *proxy.PoolCounters
	rollbacks sync.Map // rollbackKey → *atomic.Uint64
	refusals  sync.Map // problem → *atomic.Uint64
}

type upstreamKey struct{ model, version string }

type rollbackKey struct{ model, cause string }

func newMetrics(g *Gateway) *metrics {
	m := &metrics{gateway: g, registry: prometheus.NewRegistry()}
	m.registry.MustRegister(m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// counters returns a model's counters, the same for as long as the gateway lives.
func (m *metrics) counters(model string) *counters {
	if c, ok := m.models.Load(model); ok {
		return c.(*counters)
	}
	c, _ := m.models.LoadOrStore(model, new(counters))
	return c.(*counters)
}

// reloaded notes the outcome of a reload.
func (m *metrics) reloaded(err error) {
	m.reload.mu.Lock()
	defer m.reload.mu.Unlock()
	if m.reload.good = err == nil; m.reload.good {
		m.reload.last = m.gateway.now()
	} else {
		m.reload.refused++
	}
}

// refused counts a request without a version. The problems are a fixed list.
func (m *metrics) refused(problem string) {
	n, ok := m.refusals.Load(problem)
	if !ok {
		n, _ = m.refusals.LoadOrStore(problem, new(atomic.Uint64))
	}
	n.(*atomic.Uint64).Add(1)
}

// routed counts the generations that went back.
func (m *metrics) routed(t registry.Traffic) {
	if isRollback(t) {
		cause := t.Cause
		if cause == "" {
			cause = registry.CauseManual
		}
		m.rollbacksOf(t.Model, cause).Add(1)
	}
}

func (m *metrics) rollbacksOf(model, cause string) *atomic.Uint64 {
	n, _ := m.rollbacks.LoadOrStore(rollbackKey{model, cause}, new(atomic.Uint64))
	return n.(*atomic.Uint64)
}

// durationBounds are the buckets of the exported histograms: from 100 µs to
// 100 s, three in every factor of ten and one at 2.5.
var durationBounds = []float64{
	.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 100,
}

// overheadBounds are those for Weir's own part, which is mostly below a millisecond.
var overheadBounds = []float64{
	.00001, .000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, 1,
}

// histogram turns a latency histogram with fine buckets into one with coarse
// bounds; every fine bucket goes to the first bound that covers it whole.
func histogram(l *latency, bounds []float64) (count uint64, sum float64, buckets map[float64]uint64) {
	var counts sketch.LatencyCounts
	l.Snapshot(&counts)
	buckets = make(map[float64]uint64, len(bounds))
	var seen uint64
	fine := 0
	for _, bound := range bounds {
		for fine < len(counts.Buckets) && sketch.LatencyBound(fine).Seconds() <= bound {
			seen += counts.Buckets[fine]
			fine++
		}
		buckets[bound] = seen
	}
	return counts.Total, counts.Sum.Seconds(), buckets
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range descriptions {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	m.collectGateway(out)
	m.gateway.reporter.collect(out)
	m.gateway.sources.collect(out)
	now := m.gateway.applied.Load()
	if now == nil {
		return
	}
	m.models.Range(func(name, c any) bool {
		m.collectModel(out, name.(string), c.(*counters))
		return true
	})
	for _, p := range now.pools {
		healthy := map[string]bool{} // a name is if any of its addresses is
		for _, e := range p.Endpoints() {
			healthy[e.URL] = healthy[e.URL] || e.Healthy
		}
		for url, well := range healthy {
			gauge(out, upstreamHealthy, truth(well), p.model, p.version, url)
		}
	}
	m.collectUpstreams(out)
	for model, t := range now.traffic {
		if t == nil {
			gauge(out, trafficGeneration, 0, model)
			continue
		}
		gauge(out, trafficGeneration, float64(t.Generation), model)
		gauge(out, trafficInterim, truth(now.interim[model] != nil), model)
		for _, a := range now.routed(model).Arms {
			gauge(out, trafficWeight, float64(a.Weight)*100/float64(registry.Full), model, a.Version)
		}
	}
	m.gateway.mu.Lock()
	monitors := make(map[string]*monitor.Monitor, len(m.gateway.models))
	for name, model := range m.gateway.models {
		monitors[name] = model.monitor
	}
	m.gateway.mu.Unlock()
	for name, mon := range monitors {
		m.collectDropped(out, name, mon)
	}
}

func (m *metrics) collectGateway(out chan<- prometheus.Metric) {
	g := m.gateway
	m.reload.mu.Lock()
	gauge(out, reloadSuccessful, truth(m.reload.good))
	gauge(out, reloadTimestamp, seconds(m.reload.last))
	counter(out, reloadFailures, m.reload.refused)
	m.reload.mu.Unlock()

	g.sync.mu.Lock()
	gauge(out, registryConnected, truth(g.sync.connected))
	gauge(out, registrySync, seconds(g.sync.last))
	gauge(out, registryProblems, float64(len(g.sync.problems)))
	g.sync.mu.Unlock()
	counter(out, registryRefused, m.problems.Load())
	gauge(out, leaderHere, truth(g.rollouts.leads() != nil))
	m.refusals.Range(func(problem, n any) bool {
		counter(out, refusedRequests, n.(*atomic.Uint64).Load(), problem.(string))
		return true
	})

	gauge(out, secretsGood, truth(g.secrets.fault() == ""), "http")
	gauge(out, secretsGood, truth(g.guarded.fault() == ""), "admin")
	for reason, n := range g.guarded.refused {
		counter(out, adminRefused, n.Load(), reason)
	}
	counter(out, auditFailures, g.guarded.auditFailures.Load())

	m.rollbacks.Range(func(key, n any) bool {
		k := key.(rollbackKey)
		counter(out, rollbacksTotal, n.(*atomic.Uint64).Load(), k.model, k.cause)
		return true
	})
	count, sum, buckets := histogram(&m.rollback, durationBounds)
	out <- prometheus.MustNewConstHistogram(rollbackDuration, count, sum, buckets)
}

func (m *metrics) collectModel(out chan<- prometheus.Metric, model string, c *counters) {
	count, sum, buckets := histogram(&c.overhead, overheadBounds)
	out <- prometheus.MustNewConstHistogram(overheadSeconds, count, sum, buckets, model)
	for _, cause := range []string{registry.CauseManual, registry.CauseGuardrail} {
		m.rollbacksOf(model, cause) // so that the series exist before the first rollback
	}
	c.versions.Range(func(name, v any) bool {
		collectVersion(out, model, name.(string), v.(*versionCounters))
		return true
	})
}

func collectVersion(out chan<- prometheus.Metric, model, version string, c *versionCounters) {
	gauge(out, inflightRequests, float64(c.inflight.Load()), model, version)
	for code := range c.codes {
		if n := c.codes[code].Load(); n > 0 || code == http.StatusOK {
			counter(out, requestsTotal, n, model, version, strconv.Itoa(code))
		}
	}
	count, sum, buckets := histogram(&c.duration, durationBounds)
	out <- prometheus.MustNewConstHistogram(requestDuration, count, sum, buckets, model, version)
	copies := false
	for o := range c.copies {
		copies = copies || c.copies[o].Load() > 0
	}
	for o := range c.copies {
		if n := c.copies[o].Load(); n > 0 || copies && copyOutcome(o) <= copyQueueFull {
			counter(out, shadowRequests, n, model, version, copyOutcome(o).String())
		}
	}
}

// collectDropped reports what the model's monitor saw, and what it did not.
func (m *metrics) collectDropped(out chan<- prometheus.Metric, model string, mon *monitor.Monitor) {
	dropped := map[string]uint64{"queue_full": 0}
	c := m.counters(model)
	for r := range c.unwatched {
		dropped[reason(r).String()] = c.unwatched[r].Load()
	}
	if mon != nil {
		snapshot := mon.Metrics()
		for why, n := range snapshot.Dropped {
			dropped[why] += n
		}
		for _, v := range snapshot.Versions {
			collectMonitored(out, model, v)
		}
		collectCost(out, model, snapshot)
		collectLabels(out, model, mon)
	}
	for why, n := range dropped {
		counter(out, observationsDropped, n, model, why)
	}
}

func collectMonitored(out chan<- prometheus.Metric, model string, v monitor.VersionMetrics) {
	outputs := map[string]float64{} // the worst output's score, by method
	taken := map[string]bool{}
	for _, f := range v.Features {
		// A series twice would be an error for all of /metrics, and clients name inputs.
		// The features of a version come inputs first.
		name := f.Name
		for taken[name] {
			name += outputSuffix
		}
		taken[name] = true
		gauge(out, featureMissing, f.MissingRatio, model, v.Version, name)
		gauge(out, driftEvidence, f.EvidenceLog10, model, v.Version, name)
		for _, s := range f.Scores {
			if !f.Output {
				gauge(out, driftScore, s.Value, model, v.Version, name, s.Method)
			} else if worst, ok := outputs[s.Method]; !ok || s.Value > worst {
				outputs[s.Method] = s.Value
			}
		}
	}
	for method, score := range outputs {
		gauge(out, predictionDrift, score, model, v.Version, method)
	}
	for _, f := range v.Fairness {
		if len(f.Between) > 0 {
			gauge(out, fairnessGap, f.Gap, model, v.Version, f.Field)
		}
	}
	for class, n := range v.Classes {
		counter(out, predictionsTotal, n, model, v.Version, class)
	}
	for _, kind := range alarmKinds {
		counter(out, alarmsTotal, v.Alarms[kind], model, v.Version, kind)
	}
	if v.Shadow != nil {
		gauge(out, shadowDisagreement, v.Shadow.Ratio, model, v.Version)
		if v.Shadow.Noise != nil {
			gauge(out, shadowNoise, v.Shadow.Noise.Ratio, model, v.Version)
		}
		if v.Shadow.Excess != nil {
			gauge(out, shadowExcess, v.Shadow.Excess.Low, model, v.Version)
		}
	}
}

// outputSuffix tells an output from an input of its name.
const outputSuffix = " (output)"

// alarmKinds are exported at 0 too, so that an alert can see the first alarm.
var alarmKinds = []string{"distribution", "missing", "unseen", "range", "type", "volume"}

func gauge(out chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(out chan<- prometheus.Metric, d *prometheus.Desc, n uint64, labels ...string) {
	out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
