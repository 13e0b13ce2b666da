package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/admin/client"
	"github.com/weir-gateway/weir/bench/peers"
)

// Model is what the gateways serve, by the versions 1 and 2.
const Model = "flights"

// Path is where the model takes inference calls.
const Path = "/v2/models/" + Model + "/infer"

// Options say what to run.
type Options struct {
	Weir, Consul string // binaries
	Dir          string // for everything that is written
	Gateways     int
	Settings     string // of the model, lines of YAML under its name
	// FirstPort > 0: gateway n takes clients at FirstPort+n and calls of its
	// admin API at FirstPort+1000+n, Consul at FirstPort+420, and the versions
	// are at FirstPort+1901 and FirstPort+1902. Else all get free ports.
	FirstPort int
}

// Gateway is one of them.
type Gateway struct {
	*peers.Process
	*client.Client
}

// Cluster is what runs.
type Cluster struct {
	Gateways []*Gateway
	Servers  map[string]*Server // by version

	opts          Options
	consulAddress string
	consul        *peers.Process
	ports         []string
}

// Start runs everything, with all traffic on version 1.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c := &Cluster{opts: o, Servers: map[string]*Server{}}
	if err := c.start(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("cluster: %w", err)
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if _, err := os.Stat(c.opts.Consul); err != nil {
		return fmt.Errorf("no Consul at %s; make consul builds it", c.opts.Consul)
	}
	for i := range 3 {
		address, err := c.address(420 + i)
		if err != nil {
			return err
		}
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		c.ports = append(c.ports, port)
	}
	c.consulAddress = "127.0.0.1:" + c.ports[0]
	if err := c.StartConsul(); err != nil {
		return err
	}
	for i, version := range []string{"1", "2"} {
		address, err := c.address(1901 + i)
		if err != nil {
			return err
		}
		if c.Servers[version], err = Serve(address, version); err != nil {
			return err
		}
	}
	for n := 1; n <= c.opts.Gateways; n++ {
		if err := c.gateway(n); err != nil {
			return err
		}
	}
	return c.fill(ctx)
}

// address is a loopback address, the fixed one where ports are fixed.
func (c *Cluster) address(offset int) (string, error) {
	if c.opts.FirstPort > 0 {
		return "127.0.0.1:" + strconv.Itoa(c.opts.FirstPort+offset), nil
	}
	return peers.FreeAddress()
}

// StartConsul starts the server, or starts it again at the same address with
// what it had.
func (c *Cluster) StartConsul() error {
	var err error
	c.consul, err = peers.Start("consul", c.consulAddress, c.opts.Consul,
		"agent", "-server", "-bootstrap-expect=1", "-client=127.0.0.1", "-bind=127.0.0.1", "-data-dir="+filepath.Join(c.opts.Dir, "consul"),
		"-http-port="+c.ports[0], "-server-port="+c.ports[1], "-serf-lan-port="+c.ports[2],
		"-serf-wan-port=-1", "-dns-port=-1", "-grpc-port=-1", "-grpc-tls-port=-1", "-log-level=warn",
		"-hcl=performance { raft_multiplier = 1 } ports { serf_wan = -1 } disable_update_check = true connect { enabled = false }")
	return err
}

// ConsulCommand starts the server again, by hand.
func (c *Cluster) ConsulCommand() string { return c.consul.Command() }

// ConsulPID is the server's process.
func (c *Cluster) ConsulPID() int { return c.consul.PID() }

// KillConsul ends the server as a power cut does.
func (c *Cluster) KillConsul() { c.consul.Kill() }

func (c *Cluster) gateway(n int) error {
	data, err := c.address(n)
	if err != nil {
		return err
	}
	admin, err := c.address(1000 + n)
	if err != nil {
		return err
	}
	dir := filepath.Join(c.opts.Dir, "gateway-"+strconv.Itoa(n))
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	path := filepath.Join(dir, "weir.yaml")
	text := fmt.Sprintf("listen: {http: %q, admin: %q}\nadmin: {max_changes: 100000}\nregistry: {kind: consul, address: %q}\nstate_dir: ./state\nmodels:\n  %s:\n    protocol: oip\n%s",
		data, admin, c.consulAddress, Model, c.opts.Settings)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	p, err := peers.Start("gateway "+strconv.Itoa(n), data, "env", "GOMAXPROCS=1", c.opts.Weir, "serve", "--config", path)
	if err != nil {
		return err
	}
	p.Admin = admin
	calls, err := client.New("http://"+admin, client.Options{Actor: "cluster"})
	if err != nil {
		p.Stop()
		return err
	}
	c.Gateways = append(c.Gateways, &Gateway{p, calls})
	return nil
}

// fill registers both versions and gives the first one all traffic. A Consul
// that has just started may have no leader yet.
func (c *Cluster) fill(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	first := c.Gateways[0]
	for version, server := range c.Servers {
		for {
			_, err := first.Register(ctx, Model, version, api.Registration{Endpoints: []string{"http://" + server.Address}})
			if err == nil {
				break
			}
			select {
			case <-ctx.Done():
				return errors.Join(ctx.Err(), err)
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	_, err := first.Switch(ctx, Model, "1", "the beginning")
	return err
}

// Close ends all.
func (c *Cluster) Close() {
	for _, g := range c.Gateways {
		g.Stop()
	}
	if c.consul != nil {
		c.consul.Stop()
	}
	for _, s := range c.Servers {
		s.Close()
	}
}
