package consul

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/hashicorp/consul/api"
)

// Catalog finds the instances of services that are registered with Consul, by
// the names that Consul's own DNS has for them. Unlike DNS it knows their ports.
type Catalog struct {
	address   string
	client    *api.Client
	transport *http.Transport
}

// NewCatalog makes one; of the options it takes Address, TokenEnv, TokenFile,
// TLS and Timeout. It sends nothing: Consul may be down.
func NewCatalog(o Options) (*Catalog, error) {
	o, err := o.complete()
	if err != nil {
		return nil, fmt.Errorf("consul's catalog: %w", err)
	}
	client, transport, err := connect(o)
	if err != nil {
		return nil, fmt.Errorf("consul's catalog: %w", err)
	}
	return &Catalog{address: o.Address, client: client, transport: transport}, nil
}

// Close releases the connections.
func (c *Catalog) Close() { c.transport.CloseIdleConnections() }

// Find returns where the instances of a service are that pass all their checks.
// It knows names of the form [TAG.]SERVICE.service[.DATACENTER].consul. None
// found is an error: whoever asks keeps what there was.
func (c *Catalog) Find(ctx context.Context, name string) (found []netip.AddrPort, known bool, err error) {
	service, tag, datacenter, known := parseName(name)
	if !known {
		return nil, false, nil
	}
	entries, meta, err := c.client.Health().Service(service, tag, true, (&api.QueryOptions{Datacenter: datacenter}).WithContext(ctx))
	if err == nil {
		err = fresh(meta)
	}
	if err != nil {
		return nil, true, fmt.Errorf("consul at %s: %w", c.address, err)
	}
	var bad error
	for _, e := range entries {
		at, err := instance(e)
		if err != nil {
			bad = errors.Join(bad, err)
			continue
		}
		found = append(found, at)
	}
	if len(found) == 0 {
		return nil, true, errors.Join(fmt.Errorf("consul at %s has no instance for %s that passes its checks", c.address, name), bad)
	}
	return found, true, nil
}

// instance is where one can be reached.
func instance(e *api.ServiceEntry) (netip.AddrPort, error) {
	address := e.Service.Address
	if address == "" {
		address = e.Node.Address
	}
	ip, err := netip.ParseAddr(address)
	if err != nil || e.Service.Port < 0 || e.Service.Port > 65535 {
		return netip.AddrPort{}, fmt.Errorf("instance %s is at %q port %d; register it with an IP address", e.Service.ID, address, e.Service.Port)
	}
	return netip.AddrPortFrom(ip, uint16(e.Service.Port)), nil
}

// parseName takes a name of Consul's DNS apart.
func parseName(name string) (service, tag, datacenter string, ok bool) {
	inner, ok := strings.CutSuffix(strings.ToLower(strings.TrimSuffix(name, ".")), ".consul")
	if !ok {
		return "", "", "", false
	}
	before, after, ok := strings.Cut("."+inner+".", ".service.")
	if !ok {
		return "", "", "", false
	}
	of, datacenter := strings.Split(strings.Trim(before, "."), "."), strings.TrimSuffix(after, ".")
	if strings.Contains(datacenter, ".") || len(of) > 2 || of[0] == "" || of[len(of)-1] == "" {
		return "", "", "", false
	}
	if len(of) == 2 {
		tag = of[0]
	}
	return of[len(of)-1], tag, datacenter, true
}
