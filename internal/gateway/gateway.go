package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-gateway/weir/admin"
	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/internal/handover"
	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/consul"
)

// Options are what a gateway is started with.
type Options struct {
	ConfigPath string
	// Hangup delivers a value when the configuration is to be read again, as
	// SIGHUP asks for. May be nil.
	Hangup <-chan os.Signal
	// Takeover has the gateway get its sockets from one that runs with the same
	// state folder, and that one drain. Without one it starts as usual.
	Takeover bool
	// Getenv tells of sockets that a service manager opened, and of secrets that
	// the configuration names, as os.Getenv does.
	// May be nil.
	Getenv func(string) string
	Logger *slog.Logger     // default: none
	Stderr io.Writer        // for an access log that goes there; default: none can
	Now    func() time.Time // default time.Now
}

// Gateway is one running Weir.
type Gateway struct {
	opts Options
	log  *slog.Logger
	dir  string // state folder
	now  func() time.Time

	store    *routedStore
	catalog  *consul.Catalog // nil: endpoints' names are DNS's
	proxy    *proxy.Server
	rollouts *rollouts
	replicas *replicas
	sources  *sources
	events   *admin.Hub
	secrets  *secrets
	guarded  *control
	metrics  *metrics
	reporter *reporter

	taken         *handover.Taken // nil: none
	offer         *handover.Offer // nil: this gateway can't be taken over
	superseded    bool            // by a gateway that took over; guarded by mu
	data, control net.Listener
	adminServer   *http.Server
	draining      atomic.Bool

	// applied is what requests are routed by now.
	applied atomic.Pointer[applied]

	// mu makes changes of the state one at a time. Requests never take it.
	mu       sync.Mutex
	cfg      *config.Config
	snapshot registry.Snapshot
	models   map[string]*model  // by name; live as long as their configuration
	pools    map[string]*pooled // by version and connection settings
	retired  sync.WaitGroup     // states that drain

	lastGood *lastGood
	past     *past
	interims *interims
	fallback registry.Snapshot // what an earlier process routed by, for models that the registry can't tell of
	sync     syncState
}

// New loads the configuration, opens the registry and starts to listen. Its
// errors are those of the configuration (config.Errors) or name what could not
// be opened. A gateway that is not Run must be Closed.
func New(o Options) (*Gateway, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	cfg, err := config.Load(o.ConfigPath)
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		opts:   o,
		log:    o.Logger,
		dir:    cfg.StatePath(),
		now:    o.Now,
		models: map[string]*model{},
		pools:  map[string]*pooled{},
		events: admin.NewHub(admin.HubOptions{Now: o.Now}),
	}
	g.lastGood = newLastGood(g.dir)
	if g.fallback, err = g.lastGood.read(); err != nil {
		g.log.Warn("the last good tables of an earlier run can't be read", "error", err)
	}
	g.past = newPast(g.dir)
	if g.interims, err = readInterims(g.dir); err != nil {
		g.log.Error("rollbacks that were made without the registry can't be read; they are lost", "error", err)
	}
	store, err := openStore(cfg, o, g.fallback)
	if err != nil {
		return nil, fmt.Errorf("gateway: open the registry: %w", err)
	}
	if g.catalog, err = openCatalog(cfg); err != nil {
		_ = store.Close()
		return nil, err
	}
	g.metrics = newMetrics(g)
	clients := clientSide(cfg)
	if g.secrets, err = newSecrets(cfg, o.Logger); err != nil {
		_ = store.Close()
		return nil, err
	}
	if g.guarded, err = g.newControl(cfg); err != nil {
		_ = store.Close()
		return nil, err
	}
	clients.TLS, clients.Keys = g.secrets.tls.config(), g.secrets.keys
	clients.Version = version()
	clients.Refused = g.metrics.refused
	g.proxy = proxy.New(clients, o.Logger)
	g.store = &routedStore{Store: store, gateway: g}
	g.reporter = newReporter(o, cfg)
	g.sources = newSources(g)
	if err := g.open(cfg); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// open applies the configuration with the registry's present content and
// starts to listen.
func (g *Gateway) open(cfg *config.Config) error {
	if err := g.takeOver(); err != nil {
		return err
	}
	// A registry that can't be read is no reason not to start: there are the
	// last good tables.
	snapshot, err := g.store.Snapshot(context.Background())
	if err != nil {
		snapshot.Lost = err
	}
	g.replicas = newReplicas(g)
	if g.rollouts, err = newRollouts(g); err != nil {
		return err
	}
	g.noteSync(snapshot)
	if err := g.apply(cfg, snapshot); err != nil {
		return err
	}
	g.metrics.reloaded(nil)
	for _, m := range g.models {
		m.awaitMonitor(profileTimeout)
	}
	if err := g.listen(cfg.Listen); err != nil {
		return err
	}
	return g.exposed(cfg.Admin)
}

// DataAddress is where clients connect.
func (g *Gateway) DataAddress() net.Addr { return g.data.Addr() }

// AdminAddress is where the API, the metrics and the health checks are.
func (g *Gateway) AdminAddress() net.Addr { return g.control.Addr() }

// Run serves until ctx ends, then lets the requests in flight end within the
// configured drain timeout, and closes everything. It returns nil after a clean
// end, and an error if a listener failed or requests had to be cut.
func (g *Gateway) Run(ctx context.Context) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g.adminServer = &http.Server{
		Handler:           admin.New(g.adminDeps()),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute, // whoever only holds connections has no token to show
		ErrorLog:          slog.NewLogLogger(g.log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 2)
	var background sync.WaitGroup
	background.Go(func() {
		if err := g.proxy.Serve(g.data); err != nil {
			failed <- fmt.Errorf("gateway: serve clients: %w", err)
		}
	})
	background.Go(func() {
		if err := g.adminServer.Serve(g.guarded.listener(g.control)); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("gateway: serve the admin API: %w", err)
		}
	})
	background.Go(func() { g.followRegistry(running) })
	background.Go(func() { g.followConfig(running) })
	background.Go(func() { g.followHealth(running) })
	background.Go(func() { g.sources.follow(running) })
	background.Go(func() { g.secrets.follow(running) })
	background.Go(func() { g.guarded.follow(running) })
	background.Go(func() { g.keepMonitorState(running) })
	background.Go(func() { g.keepLastGood(running) })
	background.Go(func() { g.keepPast(running) })
	background.Go(func() { g.settleInterims(running) })
	g.succeed()
	g.rollouts.start()
	g.replicas.start()
	g.log.Info("serving", "http", g.DataAddress().String(), "admin", g.AdminAddress().String())

	var err error
	select {
	case <-ctx.Done():
	case <-g.successor():
	case err = <-failed:
	}
	err = errors.Join(err, g.drain())
	stop()
	g.Close()
	background.Wait()
	return err
}

// drain lets the requests in flight end.
func (g *Gateway) drain() error {
	g.draining.Store(true)
	g.mu.Lock()
	limit := g.cfg.DrainTimeout.Std()
	g.mu.Unlock()
	g.log.Info("draining", "timeout", limit)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := g.proxy.Shutdown(ctx); err != nil {
		return fmt.Errorf("gateway: requests were cut after the drain timeout of %s: %w", limit, err)
	}
	return nil
}

// Close releases everything. Run does so itself.
func (g *Gateway) Close() {
	g.taken.Close()
	g.offer.Close()
	if g.replicas != nil {
		g.replicas.close() // before another leads, so that it knows the last counts
	}
	if g.rollouts != nil {
		g.rollouts.close()
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = g.proxy.Shutdown(ended) // cuts what is left; drain has reported it
	g.events.Close()
	if g.adminServer != nil {
		deadline, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		if err := g.adminServer.Shutdown(deadline); err != nil {
			_ = g.adminServer.Close()
		}
		cancel()
	}
	for _, l := range []net.Listener{g.data, g.control} {
		if l != nil {
			_ = l.Close() // closed already after Run
		}
	}
	g.closeModels()
	g.reporter.close()
	g.retired.Wait()
	if g.catalog != nil {
		g.catalog.Close()
	}
	if err := g.store.Close(); err != nil {
		g.log.Error("closing the registry failed", "error", err)
	}
}

// closeModels ends monitors, shadows and connections; nothing uses them any more.
func (g *Gateway) closeModels() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.models {
		m.close()
	}
	g.saveMonitorState()
	clear(g.models)
	for _, p := range g.pools {
		p.Close()
	}
	clear(g.pools)
}
