// Package proxies has the Go proxies that Weir is compared with: what the
// standard library and fasthttp offer, with no more code than the job needs.
// The benchmark runs them as processes of their own.
package proxies
