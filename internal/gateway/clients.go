package gateway

import (
	"net/netip"

	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/proxy"
)

// clientSide is the data plane's view of the configuration as far as it is the
// same for all models.
func clientSide(cfg *config.Config) proxy.Config {
	l := cfg.Limits
	return proxy.Config{
		HeadTimeout: l.HeaderTimeout.Std(),
		KeepAlive:   l.IdleTimeout.Std(),
		MaxHead:     int(l.MaxHeader),
		MaxTarget:   int(l.MaxTarget),
		BodyIdle:    l.BodyIdle.Std(),
		BodyRate:    int(l.BodyRate),

		MaxConns:          l.MaxConnections,
		MaxConnsPerClient: l.MaxConnectionsPerClient,
		Uncounted:         thisMachine,
	}
}

// thisMachine is never counted as one client: what connects from here is a
// proxy or a sidecar.
var thisMachine = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
