package router_test

import (
	"strings"
	"testing"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/router"
)

func TestTheLongestPrefixThatEndsAtASegmentWins(t *testing.T) {
	table, err := router.Compile([]router.Spec{
		{Model: "a", Prefix: "/v2/models/a"},
		{Model: "ab", Prefix: "/v2/models/ab"},
		{Model: "deep", Prefix: "/v2/models/a/versions/9/"},
		{Model: "tf", Prefix: "/v1/models/tf"},
		{Model: "rest", Prefix: "/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/v2/models/a":                   "a",
		"/v2/models/a/infer":             "a",
		"/v2/models/ab/infer":            "ab",
		"/v2/models/abc/infer":           "rest",
		"/v2/models/a/versions/9/infer":  "deep",
		"/v2/models/a/versions/90/infer": "a",
		"/v1/models/tf:predict":          "tf",
		"/v2/models/A/infer":             "rest",
		"/":                              "rest",
		"/v2//models/a":                  "rest",
	} {
		if r := table.Match([]byte(path)); r == nil || r.Model != want {
			t.Errorf("%s goes to %v, want %s", path, r, want)
		}
	}
}

func TestNoRouteIsNoRoute(t *testing.T) {
	table, err := router.Compile([]router.Spec{{Model: "a", Prefix: "/a"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "/", "/b", "a", "/ab"} {
		if r := table.Match([]byte(path)); r != nil {
			t.Errorf("%q goes to %s", path, r.Model)
		}
	}
}

func TestAModelWithoutTrafficDecidesForNobody(t *testing.T) {
	if d := route(t, nil).Decide(router.Query{Pin: []byte("1")}); d.Version != nil || d.Reason != router.NoTraffic {
		t.Errorf("got %+v", d)
	}
}

func TestAPinReachesArmsAndStandby(t *testing.T) {
	traffic := arms("1", 95.0, "2", 5.0)
	traffic.Standby = []string{"3"}
	r := route(t, traffic)
	for _, name := range []string{"1", "2", "3"} {
		if d := r.Decide(router.Query{Pin: []byte(name)}); d.Reason != router.Pinned || d.Version.Name != name {
			t.Errorf("pin %s: %+v", name, d)
		}
	}
	if d := r.Decide(router.Query{Pin: []byte("4")}); d.Reason != router.UnknownPin {
		t.Errorf("a registered version without traffic was reached: %+v", d)
	}
}

func TestAShadowIsPinnedOnlyWhereItIsOnStandbyByName(t *testing.T) {
	traffic := arms("1", 100.0)
	traffic.Shadows = []registry.Shadow{{Version: "2", Sample: 1}, {Version: "3", Sample: 1}}
	traffic.Standby = []string{"3"}
	r := route(t, traffic)
	if d := r.Decide(router.Query{Pin: []byte("2")}); d.Reason != router.UnknownPin {
		t.Errorf("a shadow answered: %+v", d)
	}
	if d := r.Decide(router.Query{Pin: []byte("3")}); d.Version == nil || d.Version.Name != "3" || d.Shadows != 1 {
		t.Errorf("version 3 shall answer, and 2 alone get a copy: %+v", d)
	}
	if d := r.Decide(router.Query{}); d.Version.Name != "1" || d.Shadows != 3 {
		t.Errorf("both shall get a copy: %+v", d)
	}
}

func TestCompileRefusesWhatCouldNotBeRouted(t *testing.T) {
	missing := spec(arms("1", 100.0))
	missing.Versions = missing.Versions[1:]
	other := spec(arms("1", 100.0))
	other.Model = "other"
	other.Traffic = nil
	for name, c := range map[string]struct {
		specs []router.Spec
		want  string
	}{
		"weights":  {[]router.Spec{spec(arms("1", 90.0, "2", 5.0))}, "m"},
		"version":  {[]router.Spec{missing}, "1"},
		"prefix":   {[]router.Spec{spec(nil), other}, "other: its prefix"},
		"name":     {[]router.Spec{spec(nil), spec(nil)}, "there twice"},
		"no slash": {[]router.Spec{{Model: "m", Prefix: "m"}}, "slash"},
	} {
		if _, err := router.Compile(c.specs); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not say %q", name, err, c.want)
		}
	}
}

func TestVersionIndexesAreDense(t *testing.T) {
	a, b := spec(arms("1", 95.0, "2", 5.0)), spec(arms("1", 100.0))
	b.Model, b.Prefix = "b", "/b"
	b.Traffic.Standby = []string{"3"}
	table, err := router.Compile([]router.Spec{a, b})
	if err != nil {
		t.Fatal(err)
	}
	seen := make([]bool, table.Versions())
	for _, r := range table.Routes() {
		for _, v := range r.Versions {
			if seen[v.Index] {
				t.Errorf("index %d is there twice", v.Index)
			}
			seen[v.Index] = true
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d versions, want 4", len(seen))
	}
}

func TestDecideAndMatchDoNotAllocate(t *testing.T) {
	traffic := arms("1", 95.0, "2", 5.0)
	traffic.Shadows = []registry.Shadow{{Version: "3", Sample: 0.5}}
	table, err := router.Compile([]router.Spec{spec(traffic)})
	if err != nil {
		t.Fatal(err)
	}
	path, pin := []byte("/v2/models/m/infer"), []byte("2")
	n := testing.AllocsPerRun(1000, func() {
		r := table.Match(path)
		r.Decide(router.Query{Random: 1 << 63})
		r.Decide(router.Query{Key: 17})
		r.Decide(router.Query{Pin: pin})
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
