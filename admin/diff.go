package admin

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
)

// Two profiles of different data never agree to the last digit. A feature is told as different from these sizes on:
// they are for reading, and no test of anything.
const (
	tellMissing = 0.01 // difference of the shares of missing values
	tellMean    = 0.1  // difference of the means, in standard deviations
	tellSpread  = 1.25 // ratio of the standard deviations
	tellShare   = 0.05 // difference of a category's shares
)

func (s *server) getDiff(w http.ResponseWriter, r *http.Request) error {
	model, query := r.PathValue("model"), r.URL.Query()
	from, to := query.Get("from"), query.Get("to")
	for _, parameter := range []string{"from", "to"} {
		if query.Get(parameter) == "" {
			return invalid(parameter, "must name a version")
		}
	}
	v1, err := s.version(r.Context(), model, from)
	if err != nil {
		return err
	}
	v2, err := s.version(r.Context(), model, to)
	if err != nil {
		return err
	}
	answer := api.Diff{Model: model, From: from, To: to, Changes: registry.Diff(v1, v2)}
	features, err := s.diffProfiles(r.Context(), v1.Profile, v2.Profile)
	if err != nil {
		return err
	}
	answer.Changes = append(answer.Changes, features...)
	if answer.Changes == nil {
		answer.Changes = []registry.Change{}
	}
	return writeJSON(w, http.StatusOK, answer)
}

// diffProfiles compares feature by feature; nothing where one version has no profile or both have the same.
func (s *server) diffProfiles(ctx context.Context, from, to string) ([]registry.Change, error) {
	if from == "" || to == "" || from == to {
		return nil, nil
	}
	p1, err := s.loadProfile(ctx, from)
	if err != nil {
		return nil, err
	}
	p2, err := s.loadProfile(ctx, to)
	if err != nil {
		return nil, err
	}
	return compareProfiles(p1, p2), nil
}

func (s *server) loadProfile(ctx context.Context, digest string) (*monitor.Profile, error) {
	data, err := s.Store.Profile(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("admin: profile %s: %w", digest, err)
	}
	p, err := monitor.DecodeProfile(data)
	if err != nil {
		return nil, fmt.Errorf("admin: profile %s: %w", digest, err)
	}
	return p, nil
}

// compareProfiles tells the features that are described differently, those of the second profile first.
func compareProfiles(p1, p2 *monitor.Profile) []registry.Change {
	before := map[string]monitor.ProfileFeature{}
	for _, f := range p1.Features {
		before[f.Name] = f
	}
	var changes []registry.Change
	for _, f2 := range p2.Features {
		f1, there := before[f2.Name]
		delete(before, f2.Name)
		switch {
		case !there:
			changes = append(changes, registry.Change{What: "profile", Name: f2.Name, To: describeFeature(f2)})
		case differs(f1, f2):
			changes = append(changes, registry.Change{What: "profile", Name: f2.Name, From: describeFeature(f1), To: describeFeature(f2)})
		}
	}
	for _, f1 := range p1.Features {
		if _, gone := before[f1.Name]; gone {
			changes = append(changes, registry.Change{What: "profile", Name: f1.Name, From: describeFeature(f1)})
		}
	}
	return changes
}

func differs(f1, f2 monitor.ProfileFeature) bool {
	if f1.Kind != f2.Kind || f1.Role != f2.Role || math.Abs(missingShare(f1)-missingShare(f2)) >= tellMissing {
		return true
	}
	if n1, n2 := f1.Numeric, f2.Numeric; n1 != nil && n2 != nil {
		spread := math.Max(n1.StdDev, n2.StdDev)
		return n1.Integer != n2.Integer ||
			math.Abs(n1.Mean-n2.Mean) > tellMean*spread ||
			spread > tellSpread*math.Min(n1.StdDev, n2.StdDev)
	}
	if c1, c2 := f1.Categorical, f2.Categorical; c1 != nil && c2 != nil {
		share1, share2 := shares(c1), shares(c2)
		for value := range share1 {
			if math.Abs(share1[value]-share2[value]) >= tellShare {
				return true
			}
		}
		for value := range share2 {
			if math.Abs(share1[value]-share2[value]) >= tellShare {
				return true
			}
		}
	}
	return false
}

func describeFeature(f monitor.ProfileFeature) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", f.Role, f.Kind)
	if n := f.Numeric; n != nil {
		fmt.Fprintf(&b, ", mean %.4g ± %.4g, from %.4g to %.4g", n.Mean, n.StdDev, n.Min, n.Max)
		if n.Integer {
			b.WriteString(", whole numbers")
		}
	}
	if c := f.Categorical; c != nil && len(c.Categories) > 0 {
		top, share := c.Categories[0].Value, shares(c)
		fmt.Fprintf(&b, ", %d categories, most often %q (%.3g %%)", len(c.Categories), top, 100*share[top])
	}
	if share := missingShare(f); share > 0 {
		fmt.Fprintf(&b, ", %.3g %% missing", 100*share)
	}
	return b.String()
}

func missingShare(f monitor.ProfileFeature) float64 {
	all := f.Count + f.Missing + f.Invalid
	if all == 0 {
		return 0
	}
	return float64(f.Missing) / float64(all)
}

func shares(c *monitor.CategoricalProfile) map[string]float64 {
	all := float64(c.Rest)
	for _, k := range c.Categories {
		all += float64(k.Count)
	}
	out := make(map[string]float64, len(c.Categories))
	for _, k := range c.Categories {
		out[k.Value] = float64(k.Count) / math.Max(all, 1)
	}
	return out
}
