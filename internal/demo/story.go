package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/internal/demo/replay"
	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
)

// story is one run of the acts.
type story struct {
	*world
	*console
	scale scale
	now   func() time.Time
}

// look is how often a wait looks again.
const look = 100 * time.Millisecond

// await looks until done says so or gives an error. It fails when the gateway
// ends, a client's request fails, or patience runs out.
func (s *story) await(ctx context.Context, what string, done func() (bool, string, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.scale.patience, fmt.Errorf("not within %v", s.scale.patience))
	defer cancel()
	ticks := time.NewTicker(look)
	defer ticks.Stop()
	for {
		ok, how, err := done()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if ok {
			s.clear()
			return nil
		}
		counts := s.player.Counts()
		if counts.Failed > 0 {
			return fmt.Errorf("%s: %d requests of clients failed, the first with %q", what, counts.Failed, counts.FirstFailure)
		}
		s.progress("%s · %d requests · %s", s.cursor.day().Format("2 January 15:04"), counts.Sent, how)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w (it stands at: %s)", what, context.Cause(ctx), how)
		case err := <-s.ended:
			s.ended <- err // close waits for it as well
			return fmt.Errorf("%s: the gateway ended: %w", what, errors.Join(err, context.Canceled))
		case <-ticks.C:
		}
	}
}

// register stores the version's profile and the version.
func (s *story) register(ctx context.Context, name string) error {
	for _, v := range s.versions {
		if v.name != name {
			continue
		}
		digest, err := s.api.PutProfile(ctx, v.profile)
		if err != nil {
			return err
		}
		endpoint := s.servers[name].URL()
		if _, err := s.api.Register(ctx, modelName, name, v.registration(endpoint, digest)); err != nil {
			return err
		}
		s.line("weir register %s %s --endpoint %s --profile …", modelName, name, endpoint)
		s.note("%s; AUC %.3f and %.1f %% called late on the months after its training", v.about, v.score.AUC, 100*v.score.LateShare)
		return nil
	}
	return fmt.Errorf("demo: no version %s", name)
}

// summary is the version's monitor, as the admin API gives it; a version
// without observations yet has an empty one.
func (s *story) summary(ctx context.Context, version string) (monitor.Summary, error) {
	var out monitor.Summary
	raw, err := s.api.Monitor(ctx, modelName, version, "")
	var p *api.Problem
	if errors.As(err, &p) && p.Status == 404 {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return out, fmt.Errorf("the monitor of version %s: %w", version, err)
	}
	return out, nil
}

// serving checks that all live traffic is on one version.
func (s *story) serving(ctx context.Context, version string) (registry.Traffic, error) {
	t, err := s.api.Traffic(ctx, modelName)
	if err != nil {
		return t, err
	}
	if t.Stable != version || len(t.Arms) != 1 || t.Arms[0] != (registry.Arm{Version: version, Weight: registry.Full}) {
		return t, fmt.Errorf("the traffic is %+v with %s as the stable version, expected all on %s", t.Arms, t.Stable, version)
	}
	return t, nil
}

// versionSince is what one version answered between two snapshots.
func versionSince(now, before replay.Counts, version string) replay.VersionCounts {
	n, b := now.Versions[version], before.Versions[version]
	return replay.VersionCounts{Answers: n.Answers - b.Answers, Late: n.Late - b.Late}
}
