package gateway

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/internal/handover"
)

func (g *Gateway) takeoverPath() string { return filepath.Join(g.dir, "takeover", "socket") }

// takeOver gets sockets from a running gateway, where Options ask for that, or from
// the service manager.
func (g *Gateway) takeOver() (err error) {
	if g.opts.Getenv != nil {
		if g.taken, err = handover.Inherit(g.opts.Getenv, os.Getpid(), "http", "admin"); err != nil || g.taken != nil {
			return err
		}
	}
	if g.opts.Takeover {
		if g.taken, err = handover.Take(g.takeoverPath()); err == nil && g.taken == nil {
			g.log.Info("no gateway runs that could be taken over; starting as the first")
		}
	}
	return err
}

// listen opens the sockets that were not taken.
func (g *Gateway) listen(l config.Listen) (err error) {
	open := func(key, name, address string) (net.Listener, error) {
		if taken := g.taken.Listener(name, address); taken != nil {
			return taken, nil
		}
		opened, err := net.Listen("tcp", address)
		if err != nil {
			return nil, fmt.Errorf("gateway: listen (%s): %w", key, err)
		}
		return opened, nil
	}
	if g.data, err = open("listen.http", "http", l.HTTP); err != nil {
		return err
	}
	g.control, err = open("listen.admin", "admin", l.Admin)
	return err
}

// succeed has the gateway before this one stop, and offers the sockets to the one
// after it.
func (g *Gateway) succeed() {
	if err := g.taken.Ready(); err != nil {
		g.log.Warn("serving beside the gateway that was to be taken over", "error", err)
	}
	g.taken.Close()
	var err error
	g.offer, err = handover.NewOffer(g.takeoverPath(), g.hand, g.release, g.log)
	if err != nil {
		g.log.Warn("this gateway can't be taken over; replace it by stopping it first", "error", err)
	}
}

// successor is closed when another gateway serves in this one's place.
func (g *Gateway) successor() <-chan struct{} {
	if g.offer == nil {
		return nil
	}
	return g.offer.Taken()
}

// hand returns the sockets for a gateway that starts, which will read the state
// that this one has saved.
func (g *Gateway) hand() []handover.Socket {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.saveMonitorState()
	return []handover.Socket{
		{Name: "http", Address: g.cfg.Listen.HTTP, Listener: g.data},
		{Name: "admin", Address: g.cfg.Listen.Admin, Listener: g.control},
	}
}

// release ends what only one of two gateways with one state folder may do:
// walking rollouts, answering the API and saving state. Requests go on.
func (g *Gateway) release() {
	g.log.Info("another gateway has taken over")
	g.mu.Lock()
	g.superseded = true
	g.mu.Unlock()
	g.rollouts.close()
	g.events.Close()
	deadline, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := g.adminServer.Shutdown(deadline); err != nil {
		_ = g.adminServer.Close()
	}
}
