// Package registrytest is the suite that every [registry.Store] passes. A store
// calls [Run] from a test of its own, and is then one that gateways, rollouts
// and the admin API can rely on:
//
//	func TestStoreConforms(t *testing.T) {
//		registrytest.Run(t, func(t *testing.T) registry.Store { return openEmpty(t) })
//	}
package registrytest
