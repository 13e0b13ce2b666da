// Package admin is Weir's HTTP API: what the command line, scripts and dashboards talk to. It reads and writes the
// registry, and asks the running gateway about everything that is not in there: what this replica routes by, which
// endpoints are healthy, what the monitors have seen, how far a rollout is.
//
// The gateway hands its parts to [New] as the small interfaces of [Deps] and serves the handler it gets on the admin
// address:
//
//	hub := admin.NewHub(admin.HubOptions{})
//	handler := admin.New(admin.Deps{Store: store, Router: gw, Health: gw, Monitors: gw, Config: gw, Events: hub,
//		Metrics: promhttp.Handler(), Rollouts: controller, RolloutControl: controller, Logger: logger})
//	server := &http.Server{Handler: handler}
//	server.RegisterOnShutdown(hub.Close) // event streams end, otherwise Shutdown waits for them
//
// Writes are compare-and-set on the traffic's generation, and answer only once this replica routes by what was
// written, with the time that took. Errors are RFC 9457 problems with stable types (package admin/api). Everything is
// described by /api/v1/openapi.json, which a test compares with the registered routes and with the documents' fields.
//
// The API has no authentication of its own yet and belongs on a loopback address. Requests that a browser makes for
// another site's page are refused, so that a web page cannot roll a model back.
package admin
