//go:build race

package proxy_test

// Under the race detector sync.Pool drops things at random.
const raced = true
