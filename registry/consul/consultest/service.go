package consultest

import (
	"net/url"
	"strconv"
	"testing"

	"github.com/hashicorp/consul/api"
)

// Service registers what listens at a URL as an instance of a service, with a
// check that is as said: "passing" or "critical". Doing so again changes it.
func (s *Server) Service(tb testing.TB, at, name, tag, status string) {
	tb.Helper()
	client, err := api.NewClient(&api.Config{Address: s.Address})
	if err != nil {
		tb.Fatal(err)
	}
	u, err := url.Parse(at)
	if err != nil {
		tb.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		tb.Fatal(err)
	}
	id := name + "-" + u.Port()
	err = client.Agent().ServiceRegister(&api.AgentServiceRegistration{
		ID: id, Name: name, Tags: []string{tag}, Address: u.Hostname(), Port: port,
		Check: &api.AgentServiceCheck{TTL: "10m", Status: status},
	})
	if err == nil { // Consul keeps the status of a check that it knows
		err = client.Agent().UpdateTTL("service:"+id, "", status)
	}
	if err != nil {
		tb.Fatal(err)
	}
}
