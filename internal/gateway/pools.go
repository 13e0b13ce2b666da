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
