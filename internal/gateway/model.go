package gateway

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/protocol"
	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/router"
)

// model is the runtime of one configured model: what outlives the generations
// of its traffic. A changed configuration makes a new one; the counters stay.
type model struct {
	name     string
	cfg      *config.Model
	log      *slog.Logger
	protocol protocol.Protocol
	counters *counters
	shadows  *proxy.ShadowQueue
	monitor  *monitor.Monitor // nil when it is off
	watchers *watchers        // of the monitor
	headers  []string         // request headers that slices are made by
	spare    sync.Pool        // of *observed

	reporter *reporter
	profiles *profileLoader
	restore  func() // of the evidence of an earlier monitor, once; nil when done
}

// counters are a model's numbers for the metrics. They live as long as the
// gateway, so that a reload never makes a counter go down.
type counters struct {
	overhead  latency
	versions  sync.Map // version → *versionCounters
	unwatched [reasons]atomic.Uint64
	monitor   monitor.Cost
}

func (c *counters) version(name string) *versionCounters {
	if v, ok := c.versions.Load(name); ok {
		return v.(*versionCounters)
	}
	v, _ := c.versions.LoadOrStore(name, new(versionCounters))
	return v.(*versionCounters)
}

// runtime returns the model's runtime, the present one if cfg has not changed.
func (g *Gateway) runtime(name string, cfg *config.Model) (*model, error) {
	now := g.models[name]
	if now != nil && reflect.DeepEqual(now.cfg, cfg) {
		return now, nil
	}
	proto, err := protocolOf(cfg)
	if err != nil {
		return nil, fmt.Errorf("gateway: model %s: %w", name, err)
	}
	m := &model{
		name: name, cfg: cfg, log: g.log.With("model", name), protocol: proto,
		counters: g.metrics.counters(name), profiles: newProfileLoader(), reporter: g.reporter,
	}
	m.spare.New = m.newObserved
	m.shadows = proxy.NewShadowQueue(proxy.ShadowConfig{
		Queue:       cfg.Shadow.Queue,
		MaxBytes:    int64(cfg.Shadow.MaxBytes),
		Workers:     cfg.Shadow.Workers,
		Timeout:     cfg.Shadow.Timeout.Std(),
		MaxBody:     int64(cfg.Shadow.MaxBody),
		MaxResponse: int64(cfg.Shadow.MaxBody),
		MaxRate:     int64(cfg.Shadow.MaxRate),
	}, m.log)
	switch {
	case cfg.Monitor.Off:
	case now.watchesAs(cfg):
		m.shareMonitor(now)
	default:
		m.startMonitor(g, now)
	}
	return m, nil
}

func (m *model) startMonitor(g *Gateway, before *model) {
	cfg := m.cfg.Monitor
	m.headers = monitor.HeaderSlices(cfg.Slices)
	m.watchers = newWatchers()
	m.monitor = monitor.New(monitor.Options{
		Model:           m.name,
		Protocol:        m.protocol,
		Window:          cfg.Window.Std(),
		Slices:          cfg.Slices,
		Positive:        cfg.Positive,
		Score:           cfg.Score,
		Text:            cfg.Text,
		Embeddings:      dims(cfg.Embeddings),
		FalseAlarmEvery: cfg.FalseAlarmEvery,
		FollowStable:    cfg.Reference == "stable",
		Sample:          cfg.Sample,
		Queue:           cfg.Queue,
		QueueBytes:      int64(cfg.MaxBytes),
		Workers:         cfg.Workers,
		Cost:            &m.counters.monitor,
		MaxMemory:       int64(cfg.MaxMemory),
		MaxDecoded:      int(cfg.MaxBody),
		LabelTTL:        cfg.Labels.TTL.Std(),
		LabelMax:        cfg.Labels.Max,
		LabelBytes:      int64(cfg.Labels.MaxBytes),
		Tolerance:       m.cfg.Shadow.Tolerance,
		Tolerances:      m.cfg.Shadow.Tolerances,
		Now:             g.now,
		OnAlarm: func(a monitor.Alarm) {
			m.log.Warn("alarm", "version", a.Version, "slice", a.Slice, "feature", a.Feature, "kind", a.Kind, "direction", a.Direction,
				"evidence_log10", a.EvidenceLog10, "began_about", a.BeganAbout, "observation", a.Observation)
			g.publish(api.EventAlarm, m.name, a)
		},
		OnSlice:      inSlice,
		OnPrediction: predicted,
		OnKept:       kept,
		OnPair:       paired,
	})
	m.restore = func() {
		// A model that was reconfigured keeps its evidence; one of an earlier
		// process finds its own in the state folder.
		var state []byte
		if before != nil && before.monitor != nil {
			state, _ = before.monitor.State()
		} else {
			state = g.readMonitorState(m.name)
		}
		if len(state) == 0 {
			return
		}
		if err := m.monitor.Restore(state); err != nil {
			m.log.Warn("some of the monitor's evidence starts anew", "error", err)
		}
	}
}

// settings are the data plane's view of the model's configuration.
func (m *model) settings() proxy.Settings {
	return proxy.Settings{
		Timeout:        m.cfg.Timeout.Std(),
		MaxBody:        int64(m.cfg.MaxBody),
		Capture:        m.monitor != nil,
		CaptureLimit:   int(m.cfg.Monitor.MaxBody),
		CaptureHeaders: m.headers,
		IsInference:    m.protocol.IsInference,
		OIP:            m.cfg.Protocol == "oip",
		Shadow:         m.shadows,
		Idempotent:     m.cfg.Idempotent,
	}
}

// follow brings the monitor in line with a route that has just come into force.
func (m *model) follow(route *router.Route, known registry.Model, store profileStore) {
	if m.monitor == nil || route.Stable == nil {
		return
	}
	m.monitor.SetStable(route.Stable.Name)
	routed := make(map[string]bool, len(route.Versions))
	for _, v := range route.Versions {
		routed[v.Name] = true
		m.counters.version(v.Name) // so that its series exist from the start
	}
	for _, name := range m.monitor.Versions() {
		if !routed[name] {
			m.monitor.Forget(name)
		}
	}
	versions := slices.DeleteFunc(slices.Clone(known.Versions), func(v registry.Version) bool { return !routed[v.Version] })
	m.profiles.load(m, store, versions, m.restore)
	m.restore = nil
}

// awaitMonitor returns once the model's monitor observes, or after the timeout.
func (m *model) awaitMonitor(timeout time.Duration) {
	if m.monitor == nil || m.restore != nil { // off, or nothing is routed yet
		return
	}
	select {
	case <-m.profiles.done:
	case <-time.After(timeout):
		m.log.Warn("profiles are slow to read; serving without the monitor until they are there")
	}
}

// close ends the model's goroutines and waits for them. No request uses the
// model any more.
func (m *model) close() {
	m.shadows.Close()
	m.profiles.close()
	if m.monitor != nil && m.watchers.leave() {
		m.monitor.Close()
	}
}
