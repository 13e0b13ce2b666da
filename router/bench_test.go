package router_test

import (
	"fmt"
	"testing"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/router"
)

func BenchmarkDecide(b *testing.B) {
	shadowed := arms("1", 95.0, "2", 5.0)
	shadowed.Shadows = []registry.Shadow{{Version: "3", Sample: 0.5}}
	for name, traffic := range map[string]*registry.Traffic{
		"arms=1":         arms("1", 100.0),
		"arms=2":         arms("1", 95.0, "2", 5.0),
		"arms=4":         arms("1", 70.0, "2", 10.0, "3", 10.0, "4", 10.0),
		"arms=2,shadows": shadowed,
	} {
		r := route(b, traffic)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var z uint64
			for b.Loop() {
				z += 0x9e3779b97f4a7c15
				r.Decide(router.Query{Key: z | 1, Random: z})
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		specs := make([]router.Spec, n)
		for i := range specs {
			specs[i] = router.Spec{Model: fmt.Sprint("model-", i), Prefix: fmt.Sprint("/v2/models/model-", i)}
		}
		table, err := router.Compile(specs)
		if err != nil {
			b.Fatal(err)
		}
		path := fmt.Appendf(nil, "/v2/models/model-%d/infer", n/2)
		b.Run(fmt.Sprint("models=", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				table.Match(path)
			}
		})
	}
}
