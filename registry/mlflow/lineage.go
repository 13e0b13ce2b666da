package mlflow

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/weir-gateway/weir/registry"
)

// What a lineage can hold, see registry.Lineage: a run may have more, and must
// not keep its version out for it.
const (
	maxText   = 1024
	maxParam  = 4096
	maxParams = 512
)

// lineageOf says where a version comes from. The run may be empty, where MLflow
// has deleted it.
func lineageOf(v modelVersion, r run) registry.Lineage {
	l := registry.Lineage{
		Git:      clip(value(r.Data.Tags, "mlflow.source.git.commit"), maxText-3),
		Data:     dataOf(r.Inputs.Datasets),
		Artifact: clip(withoutPassword(v.Source), maxText-3),
	}
	if v.Run != "" {
		l.Run = runName(v.Run)
	}
	params := slices.Clone(r.Data.Params)
	slices.SortFunc(params, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	for _, p := range params {
		if len(l.Params) == maxParams {
			break
		}
		if p.Key == "" || len(p.Key) > maxText {
			continue
		}
		if l.Params == nil {
			l.Params = map[string]string{}
		}
		l.Params[p.Key] = clip(p.Value, maxParam-3)
	}
	return l
}

func runName(id string) string { return clip("mlflow:"+id, maxText-3) }

// dataOf names the data sets of a run as NAME@DIGEST. Where some are marked as
// the training data, only those.
func dataOf(sets []dataset) string {
	training := slices.DeleteFunc(slices.Clone(sets), func(d dataset) bool {
		return value(d.Tags, "mlflow.data.context") != "training"
	})
	if len(training) > 0 {
		sets = training
	}
	var names []string
	for _, d := range sets {
		if d.Dataset.Digest == "" {
			continue
		}
		names = append(names, strings.TrimPrefix(d.Dataset.Name+"@"+d.Dataset.Digest, "@"))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	text := strings.Join(names, ", ")
	if len(text) > maxText {
		text = fmt.Sprintf("%d data sets, of which %s", len(names), clip(text, maxText-50))
	}
	return strings.ToValidUTF8(text, "?")
}

// withoutPassword keeps what somebody wrote into an artifact's address out of
// the registry.
func withoutPassword(source string) string {
	u, err := url.Parse(source)
	if err != nil || u.User == nil {
		return source
	}
	u.User = nil
	return u.String()
}
