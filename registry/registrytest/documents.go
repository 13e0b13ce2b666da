package registrytest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/weir-gateway/weir/registry"
)

func profilesAreContentAddressed(s *suite) {
	contents := [][]byte{
		[]byte(`{"features":[]}`),
		[]byte(`{"features":[] }`),
		bytes.Repeat([]byte(`{"name":"dep_delay"},`), 10_000),
		{0, 1, 2, 255},
	}
	for _, content := range contents {
		sum := sha256.Sum256(content)
		want := "sha256:" + hex.EncodeToString(sum[:])
		for range 2 {
			got, err := s.store.PutProfile(s.ctx, content)
			s.must(err)
			if got != want {
				s.Errorf("digest %s, want %s", got, want)
			}
		}
		got, err := s.store.Profile(s.ctx, want)
		s.must(err)
		if !bytes.Equal(got, content) {
			s.Errorf("the profile %s came back changed", want)
		}
		got[0]++ // the caller's own copy
		if got, err = s.store.Profile(s.ctx, want); err != nil || !bytes.Equal(got, content) {
			s.Errorf("a caller changed the store's profile: %v", err)
		}
		v := version("flights", want[7:15])
		v.Profile = want
		if _, err := s.store.Register(s.ctx, v); err != nil {
			s.Errorf("register with the profile: %v", err)
		}
	}
	if _, err := s.store.Profile(s.ctx, "sha256:"+strings.Repeat("0", 64)); !errors.Is(err, registry.ErrNotFound) {
		s.Errorf("an unknown digest: error %v, want not found", err)
	}
	for _, digest := range []string{"", "latest", "sha256:../../flights", "sha256:" + strings.Repeat("A", 64)} {
		if _, err := s.store.Profile(s.ctx, digest); !errors.Is(err, registry.ErrInvalid) {
			s.Errorf("digest %q: error %v, want invalid", digest, err)
		}
	}
	if _, err := s.store.PutProfile(s.ctx, nil); !errors.Is(err, registry.ErrInvalid) {
		s.Errorf("an empty profile: error %v, want invalid", err)
	}
}

func rolloutIsKept(s *suite) {
	if err := s.store.PutRollout(s.ctx, "flights", []byte(`{}`)); !errors.Is(err, registry.ErrNotFound) {
		s.Errorf("a rollout of an unknown model: error %v, want not found", err)
	}
	s.register("flights", "1")
	missing := func(what string) {
		s.Helper()
		if _, err := s.store.Rollout(s.ctx, "flights"); !errors.Is(err, registry.ErrNotFound) {
			s.Errorf("%s: error %v, want not found", what, err)
		}
	}
	missing("before the first")
	for _, doc := range []string{`{"step":1,"words":"a < b"}`, "{\n  \"step\": 2,\n  \"n\": 9007199254740993\n}", `[1]`} {
		s.must(s.store.PutRollout(s.ctx, "flights", []byte(doc)))
		got, err := s.store.Rollout(s.ctx, "flights")
		s.must(err)
		if !sameJSON(got, []byte(doc)) {
			s.Errorf("kept %s, want %s", got, doc)
		}
		got[0] = 'x' // the caller's own copy
	}
	if err := s.store.PutRollout(s.ctx, "flights", []byte(`{"step":`)); !errors.Is(err, registry.ErrInvalid) {
		s.Errorf("half a document: error %v, want invalid", err)
	}
	s.commit(whole("flights", "1"), 0)
	if got, err := s.store.Rollout(s.ctx, "flights"); err != nil || string(got) != `[1]` {
		s.Errorf("after a commit: %s, %v", got, err)
	}
	s.must(s.store.PutRollout(s.ctx, "flights", nil))
	missing("after it was removed")
}

func endedContextHasNoEffect(s *suite) {
	s.register("flights", "1", "2")
	s.commit(whole("flights", "1"), 0)
	want := s.snapshot()
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	for name, err := range s.all(ctx) {
		if !errors.Is(err, context.Canceled) {
			s.Errorf("%s with an ended context: error %v", name, err)
		}
	}
	s.same("state", s.snapshot(), want)
	if _, err := s.store.Rollout(s.ctx, "flights"); !errors.Is(err, registry.ErrNotFound) {
		s.Errorf("a rollout was kept: %v", err)
	}
}

func closedStoreSaysSo(s *suite) {
	s.register("flights", "1", "2")
	s.commit(whole("flights", "1"), 0)
	s.must(s.store.Close())
	for name, err := range s.all(s.ctx) {
		if !errors.Is(err, registry.ErrClosed) {
			s.Errorf("%s on a closed store: error %v", name, err)
		}
	}
	s.must(s.store.Close())
}

// all calls every method with arguments that would work.
func (s *suite) all(ctx context.Context) map[string]error {
	errs := map[string]error{}
	_, errs["Register"] = s.store.Register(ctx, version("flights", "3"))
	_, errs["Commit"] = s.store.Commit(ctx, whole("flights", "2"), 1)
	_, errs["History"] = s.store.History(ctx, "flights", 0)
	_, errs["Snapshot"] = s.store.Snapshot(ctx)
	errs["Watch"] = s.store.Watch(ctx, func(registry.Snapshot) { s.Error("a watch that cannot be delivered") })
	digest, err := s.store.PutProfile(ctx, []byte(`{"new":true}`))
	errs["PutProfile"] = err
	if digest != "" {
		s.Errorf("PutProfile returned %q together with %v", digest, err)
	}
	_, errs["Profile"] = s.store.Profile(ctx, "sha256:"+strings.Repeat("0", 64))
	errs["PutRollout"] = s.store.PutRollout(ctx, "flights", []byte(`{}`))
	_, errs["Rollout"] = s.store.Rollout(ctx, "flights")
	return errs
}

func sameJSON(a, b []byte) bool {
	decode := func(data []byte) (v any) {
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			return err
		}
		return v
	}
	return reflect.DeepEqual(decode(a), decode(b))
}
