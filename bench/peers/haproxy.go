package peers

import (
	"errors"
	"fmt"
	"strings"
)

func (t Tools) haproxy(dir string, j Job) (*Process, error)    { return haproxy(dir, j, "http") }
func (t Tools) haproxyTCP(dir string, j Job) (*Process, error) { return haproxy(dir, j, "tcp") }

// haproxy in the mode tcp knows nothing of requests: it splits connections. It
// is there as the limit of what a proxy's sockets cost.
func haproxy(dir string, j Job, mode string) (*Process, error) {
	if j.Shadow != "" {
		return nil, errors.New("cannot copy requests")
	}
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	var servers strings.Builder
	for i, a := range j.Arms {
		fmt.Fprintf(&servers, "  server s%d %s weight %d\n", i, a.Address, a.Weight)
	}
	reuse := ""
	if mode == "http" {
		reuse = "  http-reuse always\n  timeout http-keep-alive 300s\n"
	}
	if mode == "http" && j.Stream {
		reuse += "  option http-no-delay\n" // without it an event waits 200 ms for the next
	}
	path, err := write(dir, "haproxy.cfg", fmt.Sprintf(`global
  nbthread 1
  maxconn 15000
  no strict-limits
defaults
  mode %s
  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend f
  bind %s
  maxconn 15000
  default_backend arms
backend arms
  balance roundrobin
%s%s`, mode, address, reuse, servers.String()))
	if err != nil {
		return nil, err
	}
	return Start(NameHAProxy, address, "haproxy", "-db", "-f", path)
}
