package cluster

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Server is a stub of a model server: it answers every inference call alike, or,
// while it is bad, with status 500.
type Server struct {
	Address string
	Bad     atomic.Bool
	server  *http.Server
}

// Serve runs a server that calls itself version.
func Serve(address, version string) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	s := &Server{Address: l.Addr().String()}
	answer := fmt.Sprintf(`{"model_name":%q,"model_version":%q,"outputs":[{"name":"delay","shape":[1],"datatype":"FP64","data":[12.5]}]}`, Model, version)
	s.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a client that leaves is no news
		w.Header().Set("Content-Type", "application/json")
		if s.Bad.Load() && r.Method == http.MethodPost {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, answer) // as above
	})}
	go func() { _ = s.server.Serve(l) }() // until Close
	return s, nil
}

// Close ends the server.
func (s *Server) Close() { _ = s.server.Close() }
