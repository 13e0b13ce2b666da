package gateway

import (
	"fmt"
	"strings"

	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/router"
)

// pooled is a pool with what it is for.
type pooled struct {
	*proxy.Pool
	model, version string
}

// pool returns the connections of a version, for as long as its endpoints and
// connection settings stay the same: a version on standby is as warm as the one
// that serves, and going back to it connects to nothing.
func (g *Gateway) pool(next *applied, cfg *config.Model, v *router.Version) (*pooled, error) {
	key := fmt.Sprintf("%s\x00%s\x00%s\x00%+v", v.Model, v.Name, strings.Join(v.Endpoints, " "), cfg.Upstream)
	p := g.pools[key]
	if p == nil {
		made, err := proxy.NewPool(proxy.PoolConfig{
			Endpoints:      v.Endpoints,
			ConnectTimeout: cfg.Upstream.ConnectTimeout.Std(),
			IdleTimeout:    cfg.Upstream.IdleTimeout.Std(),
			HealthPath:     cfg.Upstream.Health.Path,
			HealthInterval: cfg.Upstream.Health.Interval.Std(),
			HealthTimeout:  cfg.Upstream.Health.Timeout.Std(),

			MaxConnections:  cfg.Upstream.MaxConnections,
			MaxQueue:        orNone(cfg.Upstream.MaxQueue),
			QueueTimeout:    cfg.Upstream.QueueTimeout.Std(),
			Balance:         balances[cfg.Upstream.Balance],
			SlowStart:       cfg.Upstream.SlowStart.Std(),
			ResolveInterval: cfg.Upstream.ResolveInterval.Std(),
			Resolve:         g.resolver(),
			EjectAfter:      cfg.Upstream.Ejection.Failures,
			EjectTime:       cfg.Upstream.Ejection.Time.Std(),
			EjectShare:      share(cfg.Upstream.Ejection.MaxShare),
			Hedge: proxy.Hedge{
				After:    cfg.Upstream.Hedge.After.Duration().Std(),
				Quantile: cfg.Upstream.Hedge.After.Quantile(),
				Budget:   cfg.Upstream.Hedge.Budget,
			},
			TLS: proxy.UpstreamTLS{
				CA:                 next.cfg.Path(cfg.Upstream.TLS.CA),
				Cert:               next.cfg.Path(cfg.Upstream.TLS.Cert),
				Key:                next.cfg.Path(cfg.Upstream.TLS.Key),
				ServerName:         cfg.Upstream.TLS.ServerName,
				InsecureSkipVerify: cfg.Upstream.TLS.InsecureSkipVerify,
			},
			Counters: g.metrics.upstream(v.Model, v.Name),
		}, g.log.With("model", v.Model, "version", v.Name))
		if err != nil {
			return nil, err
		}
		p = &pooled{Pool: made, model: v.Model, version: v.Name}
		g.pools[key] = p
	}
	next.pools[key] = p
	return p, nil
}

// balances are the names that the configuration has for them.
var balances = map[string]proxy.Balance{
	"least_inflight": proxy.LeastInFlight, "p2c_ewma": proxy.PeakEWMA, "round_robin": proxy.RoundRobin, "hash": proxy.Hash,
}

// orNone is n for a pool, whose zero means its default.
func orNone(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// share is a number of per cent for a pool, likewise.
func share(percent float64) float64 {
	if percent == 0 {
		return -1
	}
	return percent / 100
}
