package gateway

import (
	"reflect"
	"sync/atomic"

	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/monitor"
)

// watchers counts the runtimes of a model that share a monitor: the one in force,
// and those before it whose last requests have not ended yet.
type watchers struct{ n atomic.Int32 }

func newWatchers() *watchers {
	w := new(watchers)
	w.n.Store(1)
	return w
}

// leave tells whether nobody is left, so that the monitor is to be closed.
func (w *watchers) leave() bool { return w.n.Add(-1) == 0 }

// watchesAs tells whether the model's monitor is the one that cfg asks for.
func (m *model) watchesAs(cfg *config.Model) bool {
	if m == nil || m.monitor == nil {
		return false
	}
	has := m.cfg
	return has.Protocol == cfg.Protocol && reflect.DeepEqual(has.Monitor, cfg.Monitor) &&
		has.Shadow.Tolerance == cfg.Shadow.Tolerance && reflect.DeepEqual(has.Shadow.Tolerances, cfg.Shadow.Tolerances)
}

// shareMonitor goes on with the monitor of the runtime before: a change of a
// timeout or of a rollout's steps must not forget windows, nor the predictions
// that wait for labels while a walk is judged by them. The runtime before is the
// one in force, so that its monitor cannot be closed meanwhile.
func (m *model) shareMonitor(before *model) {
	before.watchers.n.Add(1)
	m.watchers, m.monitor, m.protocol = before.watchers, before.monitor, before.protocol
	m.headers = monitor.HeaderSlices(m.cfg.Monitor.Slices)
	m.restore = func() {} // nothing was lost
}
