package proxy

// secured is a connection's TLS.
type secured struct{}
