package consul_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/registry/consul"
	"github.com/weir-gateway/weir/registry/consul/consultest"
)

func find(t *testing.T, c *consul.Catalog, name string) (string, bool, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	found, known, err := c.Find(ctx, name)
	slices.SortFunc(found, netip.AddrPort.Compare)
	return strings.Trim(fmt.Sprint(found), "[]"), known, err
}

func TestTheCatalogHasTheInstancesThatPassTheirChecks(t *testing.T) {
	server := consultest.Start(t, consultest.Options{})
	c, err := consul.NewCatalog(consul.Options{Address: server.Address})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	server.Service(t, "http://127.0.0.1:9001", "flights", "v3", "passing")
	server.Service(t, "http://127.0.0.1:9002", "flights", "v3", "passing")
	server.Service(t, "http://127.0.0.1:9003", "flights", "v3", "critical")
	server.Service(t, "http://127.0.0.1:9004", "flights", "v4", "passing")
	for name, want := range map[string]string{
		"v3.flights.service.consul":      "127.0.0.1:9001 127.0.0.1:9002",
		"v4.flights.service.dc1.consul":  "127.0.0.1:9004",
		"V4.Flights.Service.Consul.":     "127.0.0.1:9004",
		"flights.service.consul":         "127.0.0.1:9001 127.0.0.1:9002 127.0.0.1:9004",
		"v5.flights.service.consul":      "no instance",
		"trains.service.consul":          "no instance",
		"v3.flights.service.mars.consul": "No path to datacenter",
	} {
		got, known, err := find(t, c, name)
		if err != nil {
			got = err.Error()
		}
		if !known || !strings.Contains(got, want) || err == nil && got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	server.Kill()
	if got, known, err := find(t, c, "v3.flights.service.consul"); !known || err == nil {
		t.Errorf("with Consul down: %s", got)
	}
}

func TestNamesThatAreNotConsulsAreLeftAlone(t *testing.T) {
	c, err := consul.NewCatalog(consul.Options{Address: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"models.internal", "service.consul", ".service.consul", "a.b.c.service.consul", "x.node.consul", "x.service.a.b.consul", "x.service.consul.org", ""} {
		if _, known, err := c.Find(t.Context(), name); known || err != nil {
			t.Errorf("%q is taken for a service: %v", name, err)
		}
	}
}
