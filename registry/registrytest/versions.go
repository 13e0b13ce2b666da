package registrytest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/weir-gateway/weir/registry"
)

func registeredVersionReadsBack(s *suite) {
	want := version("flights", "3")
	before := time.Now().Add(-time.Minute)
	stored, err := s.store.Register(s.ctx, want)
	s.must(err)
	if stored.Registered.Before(before) || stored.Registered.After(time.Now().Add(time.Minute)) {
		s.Errorf("registered at %v", stored.Registered)
	}
	got, ok := s.snapshot().Models["flights"].Lookup("3")
	if !ok {
		s.Fatal("the version is not in the snapshot")
	}
	s.same("version", got, stored)
	want.Registered = stored.Registered
	s.same("version", got, want)
	if s.snapshot().Models["flights"].Traffic != nil {
		s.Error("a new model has traffic")
	}
}

func registerIsIdempotent(s *suite) {
	first, err := s.store.Register(s.ctx, version("flights", "1"))
	s.must(err)
	again := version("flights", "1")
	again.By = "somebody else"
	again.Registered = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	second, err := s.store.Register(s.ctx, again)
	s.must(err)
	s.same("second registration", second, first)
	if n := len(s.snapshot().Models["flights"].Versions); n != 1 {
		s.Errorf("%d versions after registering one twice", n)
	}
}

func versionsAreImmutable(s *suite) {
	s.register("flights", "1")
	want := s.snapshot()
	changes := map[string]func(*registry.Version){
		"endpoints": func(v *registry.Version) { v.Endpoints = []string{"http://127.0.0.1:9999"} },
		"code":      func(v *registry.Version) { v.Git = "0000000" },
		"data":      func(v *registry.Version) { v.Data = "sha256:other" },
		"artifact":  func(v *registry.Version) { v.Artifact = "sha256:other" },
		"run":       func(v *registry.Version) { v.Run = "mlflow:2" },
		"params":    func(v *registry.Version) { v.Params = map[string]string{"l2": "0.2", "depth": "6"} },
	}
	for what, change := range changes {
		other := version("flights", "1")
		change(&other)
		_, err := s.store.Register(s.ctx, other)
		if !errors.Is(err, registry.ErrConflict) {
			s.Errorf("with other %s: error %v, want a conflict", what, err)
		} else if !strings.Contains(err.Error(), what) {
			s.Errorf("the error does not say that %s differs: %v", what, err)
		}
	}
	s.same("state", s.snapshot(), want)
}

func invalidVersionsAreRefused(s *suite) {
	invalid := map[string]func(*registry.Version){
		"no model":            func(v *registry.Version) { v.Model = "" },
		"no name":             func(v *registry.Version) { v.Version = "" },
		"a path for a model":  func(v *registry.Version) { v.Model = "../flights" },
		"a path for a name":   func(v *registry.Version) { v.Version = "a/b" },
		"no endpoint":         func(v *registry.Version) { v.Endpoints = nil },
		"no URL":              func(v *registry.Version) { v.Endpoints = []string{"127.0.0.1:9000"} },
		"no digest":           func(v *registry.Version) { v.Profile = "latest" },
		"a profile not there": func(v *registry.Version) { v.Profile = "sha256:" + strings.Repeat("0", 64) },
	}
	for what, spoil := range invalid {
		v := version("flights", "1")
		spoil(&v)
		if _, err := s.store.Register(s.ctx, v); !errors.Is(err, registry.ErrInvalid) {
			s.Errorf("%s: error %v, want invalid", what, err)
		}
	}
	if n := len(s.snapshot().Models); n != 0 {
		s.Errorf("%d models after refusals only", n)
	}
}

func registerLeavesTrafficAlone(s *suite) {
	s.register("flights", "1")
	want := s.commit(whole("flights", "1"), 0)
	s.register("flights", "2")
	s.same("traffic", *s.snapshot().Models["flights"].Traffic, want)
	s.same("history", s.history("flights", 0), []registry.Traffic{want})
}

func concurrentRegistrations(s *suite) {
	const writers = 8
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			v := version("flights", "1")
			v.Git = fmt.Sprintf("commit%d", i)
			_, errs[i] = s.store.Register(s.ctx, v)
		})
	}
	wg.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			s.Errorf("writers %d and %d both registered version 1", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, registry.ErrConflict):
			s.Errorf("writer %d: %v", i, err)
		}
	}
	got, _ := s.snapshot().Models["flights"].Lookup("1")
	if want := fmt.Sprintf("commit%d", winner); got.Git != want {
		s.Errorf("stored %q, but %q was acknowledged", got.Git, want)
	}
}
