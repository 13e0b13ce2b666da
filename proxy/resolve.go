package proxy

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// maxAddresses is how many addresses of one name are used.
const maxAddresses = 128

// site is one configured endpoint: an address, or a name with its addresses.
type site struct {
	url     string
	name    string // to be resolved; empty where there is nothing to resolve
	port    string
	address string // host:port as configured
	host    string // for the Host of requests that have none
	path    []byte
	secure  bool // https

	hostname string // host without its port: what a certificate is for
}

// resolve keeps the addresses of the names up to date until ctx ends.
func (p *Pool) resolve(ctx context.Context) {
	ticker := time.NewTicker(p.cfg.ResolveInterval)
	defer ticker.Stop()
	for first := true; ; first = false {
		p.resolveAll(ctx, first)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// resolveAll looks all names up. One that can't be found keeps its addresses: a
// name server that is down must take nothing down with it.
func (p *Pool) resolveAll(ctx context.Context, first bool) {
	for i := range p.sites {
		s := &p.sites[i]
		if s.name == "" {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, p.cfg.HealthTimeout)
		found, err := p.cfg.Resolve(limited, s.name)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if err != nil || len(found) == 0 {
			p.log.Warn("a name can't be resolved; its last addresses stay in use", "endpoint", s.url, "error", err)
			continue
		}
		p.replace(ctx, s, addresses(found, s.port), first)
	}
}

// addresses returns what to connect to, sorted. Of a name that has both families
// IPv4 is used, as an address that can't be reached from here counts as an
// endpoint that is down.
func addresses(found []netip.AddrPort, port string) []string {
	is4 := func(a netip.AddrPort) bool { return a.Addr().Is4() }
	for i, a := range found {
		found[i] = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	}
	if slices.ContainsFunc(found, is4) {
		found = slices.DeleteFunc(found, func(a netip.AddrPort) bool { return !is4(a) })
	}
	slices.SortFunc(found, netip.AddrPort.Compare)
	found = slices.Compact(found)
	var all []string
	for _, a := range found[:min(len(found), maxAddresses)] {
		own := port
		if a.Port() != 0 {
			own = strconv.Itoa(int(a.Port()))
		}
		all = append(all, net.JoinHostPort(a.Addr().String(), own))
	}
	return all
}

// replace makes want the addresses of s. Those that are new begin slowly, unless
// it is the first time; the requests at those that are gone end there. Only
// [Pool.resolve] calls it.
func (p *Pool) replace(ctx context.Context, s *site, want []string, first bool) {
	var next, gone []*endpoint
	changed := false
	have := map[string]bool{}
	at := len(next)
	for _, e := range *p.roster.Load() {
		switch {
		case e.site != s:
			next = append(next, e)
			continue
		case slices.Contains(want, e.address):
			have[e.address] = true
			next = append(next, e)
		default:
			gone = append(gone, e)
		}
		at = len(next)
	}
	for _, address := range want {
		if have[address] {
			continue
		}
		changed = true
		e := p.endpoint(s, address)
		if !first {
			e.began.Store(int64(now()))
		}
		next = slices.Insert(next, at, e)
		at++
		p.watch(ctx, e)
	}
	if !changed && len(gone) == 0 {
		return
	}
	p.roster.Store(&next)
	for _, e := range gone {
		e.unwatch()
		e.close()
	}
	if !first {
		p.log.Info("the addresses of an endpoint changed", "endpoint", s.url, "addresses", want)
	}
	p.serve()
}

// lookup is the default of PoolConfig.Resolve.
func lookup(ctx context.Context, name string) ([]netip.AddrPort, error) {
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	all := make([]netip.AddrPort, len(found))
	for i, a := range found {
		all[i] = netip.AddrPortFrom(a, 0)
	}
	return all, err
}

// Discover resolves the names that find knows by it, and others as usual.
func Discover(find func(ctx context.Context, name string) (found []netip.AddrPort, known bool, err error)) func(context.Context, string) ([]netip.AddrPort, error) {
	return func(ctx context.Context, name string) ([]netip.AddrPort, error) {
		if found, known, err := find(ctx, name); known {
			return found, err
		}
		return lookup(ctx, name)
	}
}
