package proxy

import (
	"io"
	"net"
	"net/netip"
	"time"
)

// maxRefusals is how many connections may be refused with an answer at a time;
// beyond it they are just closed, so that refusing can't be a burden either.
const maxRefusals = 128

var (
	tooManyConns = problem{503, "too-many-connections", "The gateway has as many connections as it takes.", ""}
	tooManyOfYou = problem{503, "too-many-connections-of-client", "The gateway has as many connections of this client as it takes.", ""}
)

// addressOf returns a connection's other end, without a zone or an IPv4
// address's mapping to IPv6; the zero address where there is none.
func addressOf(nc net.Conn) netip.Addr {
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// within says whether an address lies in one of the networks.
func within(a netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// admit counts a connection of a client in, or says what there is too much of.
// mu is held.
func (s *Server) admit(peer netip.Addr) (full problem, ok bool) {
	if most := s.cfg.MaxConns; most > 0 && len(s.conns) >= most {
		return tooManyConns, false
	}
	if s.countsClient(peer) {
		if s.clients[peer] >= s.cfg.MaxConnsPerClient {
			return tooManyOfYou, false
		}
		s.clients[peer]++
	}
	return problem{}, true
}

// dismiss counts it out. mu is held.
func (s *Server) dismiss(peer netip.Addr) {
	if !s.countsClient(peer) {
		return
	}
	if s.clients[peer]--; s.clients[peer] <= 0 {
		delete(s.clients, peer)
	}
}

func (s *Server) countsClient(peer netip.Addr) bool {
	return s.cfg.MaxConnsPerClient > 0 && !within(peer, s.cfg.Uncounted)
}

// turnAway refuses a connection. It is taken and answered rather than left in
// the kernel's queue: a client in a queue learns nothing until its own patience
// ends, and a load balancer in front can send a 503 elsewhere.
func (s *Server) turnAway(nc net.Conn, p problem) {
	s.refused(p.slug)
	if s.cfg.TLS != nil {
		_ = nc.Close() // a handshake would cost more than all the rest
		return
	}
	select {
	case s.refusals <- struct{}{}:
	default:
		_ = nc.Close()
		return
	}
	s.serving.Go(func() {
		defer func() { <-s.refusals }()
		defer func() { _ = nc.Close() }()
		answer := p.append(nil, nil, s.date.append([]byte("Retry-After: 1\r\n")), false, true)
		_ = nc.SetDeadline(time.Now().Add(time.Second))
		if _, err := nc.Write(answer); err != nil {
			return
		}
		// As in linger: a reset could overtake the answer.
		if half, ok := nc.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			_, _ = io.CopyN(io.Discard, nc, 64<<10)
		}
	})
}

// credit is how long a body may still be waited for. Waiting uses it up and
// bytes bring some back, so that a body must neither stand still nor trickle.
// A body that came fast has no more of it than one that begins.
type credit struct {
	left, most time.Duration
	rate       int // bytes a second; 0: any byte fills it up
}

func (s *Server) newCredit() credit {
	return credit{left: s.cfg.BodyIdle, most: s.cfg.BodyIdle, rate: s.cfg.BodyRate}
}

// spend notes that n bytes came after waiting.
func (c *credit) spend(waited instant, n int) {
	if c.rate == 0 && n > 0 {
		c.left = c.most
		return
	}
	c.left -= waited.duration()
	if n > 0 {
		c.left += time.Duration(float64(n) / float64(c.rate) * float64(time.Second))
	}
	c.left = min(c.left, c.most)
}
