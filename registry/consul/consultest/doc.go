// Package consultest runs real Consul servers for tests, and cuts, slows and
// holds the connections to them. A missing binary skips the test, or fails it
// where WEIR_REQUIRE_PEERS is 1.
package consultest
