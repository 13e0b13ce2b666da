package gateway

import (
	"net/netip"

	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/proxy"
)

// clientSide is the data plane's view of the configuration as far as it is the
// same for all models. Connections from this machine are never counted as one
// client's: what connects from here is a proxy or a sidecar.
func clientSide(cfg *config.Config) proxy.Config {
	l, trust := cfg.Limits, cfg.Forwarded.Networks()
	return proxy.Config{
		HeadTimeout: l.HeaderTimeout.Std(),
		KeepAlive:   l.IdleTimeout.Std(),
		MaxHead:     int(l.MaxHeader),
		MaxTarget:   int(l.MaxTarget),
		BodyIdle:    l.BodyIdle.Std(),
		BodyRate:    int(l.BodyRate),

		MaxConns:          l.MaxConnections,
		MaxConnsPerClient: l.MaxConnectionsPerClient,
		Uncounted:         append(trust, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")),

		Forwarding: proxy.Forwarding{Trust: trust, Style: map[string]proxy.ForwardStyle{
			"x-forwarded": proxy.ForwardX, "forwarded": proxy.ForwardRFC7239, "both": proxy.ForwardBoth,
		}[cfg.Forwarded.Style]},
	}
}
