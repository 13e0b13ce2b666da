// Package cluster runs several gateways on one Consul on this machine, with two
// versions of a model behind them: for the benchmark of rollbacks, and for
// people who want to try.
package cluster
