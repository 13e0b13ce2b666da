package consul

import (
	"fmt"
	"strings"
)

// keys is the layout below a prefix.
type keys struct{ prefix string }

func (k keys) leader() string              { return k.prefix + "/leader" }
func (k keys) models() string              { return k.prefix + "/models/" }
func (k keys) model(model string) string   { return k.models() + model + "/" }
func (k keys) traffic(model string) string { return k.model(model) + "traffic" }
func (k keys) version(model, version string) string {
	return k.model(model) + "versions/" + version
}
func (k keys) history(model string) string { return k.prefix + "/history/" + model + "/" }
func (k keys) generation(model string, generation uint64) string {
	return fmt.Sprintf("%s%020d", k.history(model), generation)
}
func (k keys) rollout(model string) string         { return k.prefix + "/rollouts/" + model }
func (k keys) notices(topic string) string         { return k.prefix + "/notices/" + topic + "/" }
func (k keys) notice(topic, process string) string { return k.notices(topic) + process }
func (k keys) profile(digest string) string {
	return k.prefix + "/profiles/" + strings.TrimPrefix(digest, "sha256:")
}

// split takes a key under models() apart: the version is empty for the traffic.
func (k keys) split(key string) (model, version string, ok bool) {
	rest, ok := strings.CutPrefix(key, k.models())
	if !ok {
		return "", "", false
	}
	model, rest, ok = strings.Cut(rest, "/")
	if !ok || model == "" {
		return "", "", false
	}
	if rest == "traffic" {
		return model, "", true
	}
	version, ok = strings.CutPrefix(rest, "versions/")
	return model, version, ok && version != "" && !strings.Contains(version, "/")
}
