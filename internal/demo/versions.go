package demo

import (
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/internal/demo/data"
	"github.com/weir-gateway/weir/internal/demo/model"
	"github.com/weir-gateway/weir/registry"
)

// modelName is the model's name on the wire and in the registry.
const modelName = "flights"

// version is one trained version, ready to be served and registered.
type version struct {
	name     string
	about    string // for the audience
	model    model.Model
	trained  model.Examples // as its own pipeline saw them
	features []string       // that it was trained on; nil is all
	params   map[string]string
	profile  []byte
	test     model.Examples // the two months, or one, after those it was trained on
	score    model.Score    // on test, as served
}

// train makes all four versions. The later ones have not seen more than they
// could have when they go live: nothing after April, and act c begins in May.
func train(f *data.Flights, seed uint64) ([]*version, error) {
	winter := model.Known(f, time.January, time.March)
	april := model.Known(f, time.January, time.May)
	spring, may := model.Known(f, time.March, time.May), model.Known(f, time.May, time.June)
	hours := model.DelayInHours(april)
	versions := []*version{
		{
			name: "1", about: "logistic regression on delay and schedule", trained: winter, test: spring,
			features: []string{"dep_delay", "hour", "weekday", "distance"},
			params:   map[string]string{"kind": "logistic", "months": "1-2", "delay_unit": "minutes"},
		},
		{
			name: "2", about: "boosted trees, with carrier, route and weather", trained: winter, test: spring,
			params: map[string]string{"kind": "trees", "months": "1-2", "delay_unit": "minutes"},
		},
		{
			name: "3", about: "retrained by a pipeline that reads the delay in hours", trained: hours, test: may,
			params: map[string]string{"kind": "trees", "months": "1-4", "delay_unit": "hours"},
		},
		{
			name: "4", about: "retrained by the mended pipeline", trained: april, test: may,
			params: map[string]string{"kind": "trees", "months": "1-4", "delay_unit": "minutes"},
		},
	}
	var work errgroup.Group
	work.SetLimit(2)
	for _, v := range versions {
		work.Go(func() error { return v.train(seed) })
	}
	if err := work.Wait(); err != nil {
		return nil, fmt.Errorf("demo: train: %w", err)
	}
	return versions, nil
}

func (v *version) train(seed uint64) (err error) {
	if v.params["kind"] == "logistic" {
		v.model, err = model.TrainLogistic(v.trained)
	} else {
		v.model, err = model.TrainTrees(v.trained, seed)
	}
	if err != nil {
		return fmt.Errorf("version %s: %w", v.name, err)
	}
	v.score = model.Evaluate(v.model, v.test)
	if v.profile, err = v.buildProfile(); err != nil {
		return fmt.Errorf("version %s: profile: %w", v.name, err)
	}
	return nil
}

// registration is what `weir register` would send.
func (v *version) registration(endpoint, profile string) api.Registration {
	return api.Registration{
		Endpoints: []string{endpoint},
		Profile:   profile,
		Lineage:   registry.Lineage{Data: data.Digest(), Params: v.params},
	}
}
