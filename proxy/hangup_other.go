//go:build !linux

package proxy

// hangups: only on Linux are clients noticed that leave while their request is
// under way; elsewhere when something is written to them. And only there do
// connections rest.
type hangups struct{}

func newHangups(func(id uint64) *conn, func(c *conn)) (*hangups, error) { return &hangups{}, nil }

func (h *hangups) add(*conn)         {}
func (h *hangups) listen(*conn) bool { return false }
func (h *hangups) unlisten(*conn)    {}
func (h *hangups) close()            {}
