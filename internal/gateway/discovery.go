package gateway

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/registry/consul"
)

// openCatalog returns who finds endpoints beside DNS, nil where nobody does.
func openCatalog(cfg *config.Config) (*consul.Catalog, error) {
	c := cfg.Discovery.Consul
	if c.Address == "" {
		return nil, nil
	}
	catalog, err := consul.NewCatalog(consul.Options{Address: c.Address, TokenEnv: c.TokenEnv, TokenFile: cfg.Path(c.TokenFile)})
	if err != nil {
		return nil, fmt.Errorf("gateway: discovery: %w", err)
	}
	return catalog, nil
}

// resolver is how pools look names up, nil for the usual way.
func (g *Gateway) resolver() func(context.Context, string) ([]netip.AddrPort, error) {
	if g.catalog == nil {
		return nil
	}
	return proxy.Discover(g.catalog.Find)
}
