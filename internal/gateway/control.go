package gateway

import (
	"crypto/tls"
	"fmt"
	"net"
	"sync/atomic"

	"github.com/weir-gateway/weir/admin"
	"github.com/weir-gateway/weir/admin/access"
	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/admin/audit"
	"github.com/weir-gateway/weir/config"
)

// control is how the admin API is guarded: by whom it may be called, over what,
// and what is kept of it.
type control struct {
	*secretFiles
	tls       serverTLS
	tokenFile string
	tokens    *access.Tokens // nil where nobody needs one
	audit     *audit.Log

	auditFailures atomic.Uint64
	refused       map[string]*atomic.Uint64 // by reason; never written to
}

// newControl reads the files that cfg names.
func (g *Gateway) newControl(cfg *config.Config) (*control, error) {
	c := &control{
		tls:       serverTLS{key: "admin.tls"},
		tokenFile: cfg.Path(cfg.Admin.Tokens),
		audit:     audit.New(g.dir, audit.Options{MaxSize: int64(cfg.Admin.Audit.MaxSize), Keep: cfg.Admin.Audit.Keep}),
		refused:   map[string]*atomic.Uint64{},
	}
	for _, reason := range admin.RefusedReasons() {
		c.refused[reason] = new(atomic.Uint64)
	}
	if c.tokenFile != "" {
		c.tokens = new(access.Tokens)
	}
	c.secretFiles = &secretFiles{log: g.log, paths: append(c.tls.name(cfg, cfg.Admin.TLS), c.tokenFile), use: c.use, told: func(err error) {
		g.publish(api.EventReload, "", reloaded{Error: err.Error()})
	}}
	return c, c.read()
}

func (c *control) use(contents [][]byte) error {
	server, err := c.tls.build(contents)
	if err != nil {
		return err
	}
	if c.tokens != nil {
		list, err := access.Parse(contents[3])
		if err != nil {
			return fmt.Errorf("gateway: admin.tokens: %s: %w", c.tokenFile, err)
		}
		c.tokens.Set(list)
	}
	c.tls.now.Store(server)
	return nil
}

// guard gives the admin API what it needs of c.
func (c *control) guard(cfg config.Admin, d *admin.Deps) {
	d.Access = admin.Access{
		Tokens: c.tokens, Certificates: cfg.TLS.ClientCA != "", OpenMetrics: cfg.OpenMetrics,
		MaxChanges: cfg.MaxChanges, MaxFailures: cfg.MaxFailures,
	}
	d.Audit = c.audit
	d.AuditFailed = func() { c.auditFailures.Add(1) }
	d.Refused = func(reason string) { c.refused[reason].Add(1) }
}

// listener is l with TLS, where the admin address has it.
func (c *control) listener(l net.Listener) net.Listener {
	if base := c.tls.config(); base != nil {
		return tls.NewListener(l, base)
	}
	return l
}

// exposed refuses an admin socket that others reach and need nothing for. The
// configuration's own check can't see where a name leads, nor what a service
// manager opened.
func (g *Gateway) exposed(cfg config.Admin) error {
	address, ok := g.control.Addr().(*net.TCPAddr)
	if !ok || address.IP.IsLoopback() {
		return nil
	}
	switch {
	case g.guarded.tokens == nil && cfg.TLS.ClientCA == "" && !cfg.Insecure:
		return fmt.Errorf("gateway: the admin socket %s can be reached from other machines, and needs nothing; give admin.tokens or admin.tls.client_ca, or say admin.insecure", address)
	case g.guarded.tokens == nil && cfg.TLS.ClientCA == "":
		g.log.Warn("whoever reaches the admin address may do everything (admin.insecure)", "admin", address.String())
	case cfg.TLS.Cert == "":
		g.log.Warn("tokens travel unencrypted to the admin address; give admin.tls where the network is not trusted", "admin", address.String())
	}
	return nil
}
