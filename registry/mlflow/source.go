package mlflow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weir-gateway/weir/registry"
)

const (
	// EndpointsTag of a model version names its endpoints, with spaces or commas
	// between them. It goes before the template.
	EndpointsTag = "weir.endpoints"
	// settle is how long a version waits for its run to end: what a run logs
	// after its model belongs to the lineage, which can't be added to later. A
	// run that was killed goes on forever, as far as MLflow knows.
	settle = 10 * time.Minute
)

// Store is what a source needs of the registry.
type Store interface {
	Register(ctx context.Context, version registry.Version) (registry.Version, error)
	Snapshot(ctx context.Context) (registry.Snapshot, error)
}

// Options say what to follow. Model, URL and Store must be given.
type Options struct {
	Model string // Weir's name
	URL   string // of the tracking server, such as http://127.0.0.1:5000
	Name  string // of the registered model; "": Model
	// Endpoints are templates: {version} stands for the version's number. Empty:
	// only versions with the tag weir.endpoints are registered.
	Endpoints []string
	Poll      time.Duration // between two looks; 0: 30 s
	Timeout   time.Duration // of one call; 0: 10 s
	Token     func() string // asked for every call; nil: none is sent
	Store     Store
	Now       func() time.Time // nil: time.Now
	// OnPoll is told of every look, nil where it went well; OnChange of what a
	// look has changed, in order. Both may be nil.
	OnPoll   func(error)
	OnChange func(Status)
}

// Status is what the last look found.
type Status struct {
	Connected bool   `json:"connected"`
	Error     string `json:"error,omitempty"` // why not
	// Aliases and Skipped are as they were when MLflow could last be read.
	Aliases map[string]string `json:"aliases,omitempty"` // alias → version
	Skipped []Skipped         `json:"skipped,omitempty"`
	// Registered are the versions that this look has registered.
	Registered []string `json:"registered,omitempty"`
}

// Skipped is a version that is in MLflow and not, or not like that, here.
type Skipped struct {
	Version string `json:"version"`
	Reason  string `json:"reason"`
}

// Source follows one registered model.
type Source struct {
	o      Options
	client client
	nudge  chan struct{}

	mu     sync.Mutex
	looked bool
	status Status
}

// New makes a source that has not looked yet.
func New(o Options) *Source {
	if o.Name == "" {
		o.Name = o.Model
	}
	if o.Poll <= 0 {
		o.Poll = 30 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = patience
	}
	if o.Token == nil {
		o.Token = func() string { return "" }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnPoll == nil {
		o.OnPoll = func(error) {}
	}
	if o.OnChange == nil {
		o.OnChange = func(Status) {}
	}
	return &Source{
		o:      o,
		client: client{base: strings.TrimRight(o.URL, "/"), token: o.Token, http: &http.Client{Transport: transport()}, timeout: o.Timeout},
		nudge:  make(chan struct{}, 1),
	}
}

// transport is one of its own, so that idle connections end with the source.
func transport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		MaxIdleConnsPerHost: 1,
		IdleConnTimeout:     time.Minute,
		ForceAttemptHTTP2:   true,
	}
}

// Follow looks at once, and then at every interval and every Nudge, until ctx
// ends.
func (s *Source) Follow(ctx context.Context) {
	defer s.client.http.CloseIdleConnections()
	ticker := time.NewTicker(s.o.Poll)
	defer ticker.Stop()
	for {
		_ = s.Poll(ctx) // which has told OnPoll and OnChange
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-s.nudge:
		}
	}
}

// Nudge asks for a look soon. It never waits; several before the look are one.
func (s *Source) Nudge() {
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

// Status is what the last look found.
func (s *Source) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status.clone()
}

func (s Status) clone() Status {
	s.Aliases = maps.Clone(s.Aliases)
	s.Skipped = slices.Clone(s.Skipped)
	s.Registered = slices.Clone(s.Registered)
	return s
}

// Poll looks once: it registers the versions that are new and ready, and notes
// the aliases. It removes nothing, whatever MLflow answers, and never changes
// traffic. An error leaves what was known.
func (s *Source) Poll(ctx context.Context) error {
	next, err := s.look(ctx)
	if ctx.Err() != nil {
		return ctx.Err() // nobody's fault
	}
	s.o.OnPoll(err)
	s.note(next, err)
	return err
}

func (s *Source) note(next Status, err error) {
	s.mu.Lock()
	before := s.status
	if err != nil {
		registered := next.Registered
		next = before
		next.Connected, next.Error, next.Registered = false, err.Error(), registered
	}
	changed := !s.looked || before.Connected != next.Connected || len(next.Registered) > 0 ||
		!maps.Equal(before.Aliases, next.Aliases) || !slices.Equal(before.Skipped, next.Skipped)
	s.looked, s.status = true, next
	s.mu.Unlock()
	if changed {
		s.o.OnChange(next.clone())
	}
}

func (s *Source) look(ctx context.Context) (Status, error) {
	next := Status{Connected: true}
	var err error
	if next.Aliases, err = s.client.aliases(ctx, s.o.Name); err != nil {
		return next, err
	}
	versions, err := s.client.versions(ctx, s.o.Name)
	if err != nil {
		return next, err
	}
	known, err := s.o.Store.Snapshot(ctx)
	if err != nil || known.Lost != nil {
		return next, fmt.Errorf("what is registered can't be read: %w", errors.Join(err, known.Lost))
	}
	// In the order in which they were made, which is the registry's.
	slices.SortFunc(versions, func(a, b modelVersion) int { return a.number() - b.number() })
	for _, v := range versions {
		reason, err := s.take(ctx, v, known.Models[s.o.Model])
		switch {
		case err != nil:
			return next, err
		case reason == registeredNow:
			next.Registered = append(next.Registered, v.Version)
		case reason != "":
			next.Skipped = append(next.Skipped, Skipped{v.Version, reason})
		}
	}
	return next, nil
}

// registeredNow is what take answers for a version that is here from now on.
const registeredNow = "registered"

// take registers a version that is not here yet. It returns why it did not, ""
// where it is here already.
func (s *Source) take(ctx context.Context, v modelVersion, known registry.Model) (string, error) {
	endpoints := s.endpoints(v)
	if have, ok := known.Lookup(v.Version); ok {
		return difference(have, v, endpoints), nil
	}
	if v.Status != "READY" {
		return "its status is " + clip(v.Status, 60), nil
	}
	if len(endpoints) == 0 {
		return "it has no endpoints: set the tag " + EndpointsTag + " of the version, or source.mlflow.endpoints", nil
	}
	var from run
	if v.Run != "" {
		var err error
		if from, err = s.client.run(ctx, v.Run); err != nil && !missing(err) {
			return "", err
		}
		if running(from) && s.o.Now().Sub(v.made()) < settle {
			return "its run has not ended", nil
		}
	}
	_, err := s.o.Store.Register(ctx, registry.Version{
		Model: s.o.Model, Version: v.Version, Endpoints: endpoints, Lineage: lineageOf(v, from), By: "mlflow",
	})
	if errors.Is(err, registry.ErrInvalid) || errors.Is(err, registry.ErrConflict) {
		return clip(err.Error(), 400), nil
	}
	if err != nil {
		return "", fmt.Errorf("version %s can't be registered: %w", v.Version, err)
	}
	return registeredNow, nil
}

func running(r run) bool { return r.Info.Status == "RUNNING" || r.Info.Status == "SCHEDULED" }

// endpoints are those of the version's tag, or else of the templates.
func (s *Source) endpoints(v modelVersion) []string {
	if own := strings.FieldsFunc(value(v.Tags, EndpointsTag), func(r rune) bool { return r == ',' || r <= ' ' }); len(own) > 0 {
		return own
	}
	out := make([]string, len(s.o.Endpoints))
	for i, template := range s.o.Endpoints {
		out[i] = strings.ReplaceAll(template, "{version}", v.Version)
	}
	return out
}

// difference says what is other in MLflow than here. What is here stays: a
// version never changes.
func difference(have registry.Version, v modelVersion, endpoints []string) string {
	if v.Run != "" && have.Run != "" && have.Run != runName(v.Run) {
		return "it is registered from another run, " + have.Run + "; a version never changes, so make a new one"
	}
	if len(endpoints) > 0 && !slices.Equal(slices.Sorted(slices.Values(endpoints)), slices.Sorted(slices.Values(have.Endpoints))) {
		return "it is registered with other endpoints, " + clip(strings.Join(have.Endpoints, " "), 200) + "; a version never changes, so make a new one"
	}
	return ""
}
