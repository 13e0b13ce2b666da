package mlflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

const (
	// newest is how many versions are looked at, the latest first: a model that
	// is trained every hour has thousands, and nobody goes back to those.
	newest   = 200
	pageSize = 100
)

// tag is a pair as MLflow writes tags and parameters.
type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// modelVersion is a version in MLflow's registry, as far as Weir reads it.
type modelVersion struct {
	Name    string      `json:"name"`
	Version string      `json:"version"`
	Status  string      `json:"status"`
	Created json.Number `json:"creation_timestamp"` // Unix milliseconds; some servers write them as text
	Source  string      `json:"source"`
	Run     string      `json:"run_id"`
	Tags    []tag       `json:"tags"`
}

// number is the version's number; 0 where it is none, which MLflow never makes.
func (v modelVersion) number() int {
	n, _ := strconv.Atoi(v.Version)
	return n
}

// made is when the version was made.
func (v modelVersion) made() time.Time {
	ms, _ := v.Created.Int64()
	return time.UnixMilli(ms)
}

// run is a training run, as far as Weir reads it.
type run struct {
	Info struct {
		Status string `json:"status"`
	} `json:"info"`
	Data struct {
		Params []tag `json:"params"`
		Tags   []tag `json:"tags"`
	} `json:"data"`
	Inputs struct {
		Datasets []dataset `json:"dataset_inputs"`
	} `json:"inputs"`
}

type dataset struct {
	Tags    []tag `json:"tags"`
	Dataset struct {
		Name   string `json:"name"`
		Digest string `json:"digest"`
	} `json:"dataset"`
}

// value is a tag's, "" where it is not set.
func value(tags []tag, key string) string {
	for _, t := range tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

// aliases are those of a registered model. The answer must be about that model:
// a proxy's friendly {} must not look like a model without aliases.
func (c *client) aliases(ctx context.Context, name string) (map[string]string, error) {
	var answer struct {
		Model struct {
			Name    string `json:"name"`
			Aliases []struct {
				Alias   string `json:"alias"`
				Version string `json:"version"`
			} `json:"aliases"`
		} `json:"registered_model"`
	}
	err := c.get(ctx, "registered-models/get", url.Values{"name": {name}}, &answer)
	if missing(err) {
		return nil, fmt.Errorf("there is no registered model %q; register one, or correct source.mlflow.name: %w", name, err)
	}
	if err != nil {
		return nil, err
	}
	if answer.Model.Name != name {
		return nil, fmt.Errorf("mlflow: registered-models/get: the answer is about %q instead of %q", clip(answer.Model.Name, 60), name)
	}
	out := make(map[string]string, len(answer.Model.Aliases))
	for _, a := range answer.Model.Aliases {
		out[a.Alias] = a.Version
	}
	return out, nil
}

// versions are the newest of a registered model, latest first.
func (c *client) versions(ctx context.Context, name string) ([]modelVersion, error) {
	var all []modelVersion
	query := url.Values{
		"filter":      {"name='" + name + "'"},
		"order_by":    {"version_number DESC"},
		"max_results": {strconv.Itoa(pageSize)},
	}
	for len(all) < newest {
		var page struct {
			Versions []modelVersion `json:"model_versions"`
			Next     string         `json:"next_page_token"`
		}
		if err := c.get(ctx, "model-versions/search", query, &page); err != nil {
			return nil, err
		}
		for _, v := range page.Versions {
			if v.Name == name {
				all = append(all, v)
			}
		}
		if page.Next == "" {
			break
		}
		if len(page.Versions) == 0 || page.Next == query.Get("page_token") {
			return nil, errors.New("mlflow: model-versions/search: the pages lead in a circle")
		}
		query.Set("page_token", page.Next)
	}
	return all[:min(len(all), newest)], nil
}

// run is the training run of that id.
func (c *client) run(ctx context.Context, id string) (run, error) {
	var answer struct {
		Run *run `json:"run"`
	}
	if err := c.get(ctx, "runs/get", url.Values{"run_id": {id}}, &answer); err != nil {
		return run{}, err
	}
	if answer.Run == nil {
		return run{}, errors.New("mlflow: runs/get: the answer has no run")
	}
	return *answer.Run, nil
}
