package lint

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/weir-gateway/weir/config"
)

// No test can run a container engine everywhere, so these hold what the
// deployment files name to what there is.

func exists(name string) bool {
	_, err := os.Stat(filepath.Join(root, filepath.FromSlash(name)))
	return err == nil
}

func TestTheImageIsBuiltFromWhatThereIs(t *testing.T) {
	file := read(t, "Dockerfile")
	ignored := strings.Fields(string(regexp.MustCompile(`(?m)^#.*$`).ReplaceAll(read(t, ".dockerignore"), nil)))
	copied := 0
	for _, line := range regexp.MustCompile(`(?m)^COPY +([^-\n].*)$`).FindAllStringSubmatch(string(file), -1) {
		words := strings.Fields(line[1])
		for _, source := range words[:len(words)-1] {
			copied++
			if !exists(source) {
				t.Errorf("Dockerfile copies %s, which does not exist", source)
			}
			for _, pattern := range ignored {
				if source == pattern || strings.HasPrefix(source, pattern+"/") {
					t.Errorf("Dockerfile copies %s, which .dockerignore leaves out", source)
				}
			}
		}
	}
	if copied < 3 {
		t.Errorf("found only %d copied files; does this test still read the Dockerfile?", copied)
	}
	if version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(read(t, "go.mod")); version == nil || !bytes.Contains(file, append([]byte("FROM golang:"), version[1]...)) {
		t.Errorf("Dockerfile does not build with the Go version of go.mod")
	}
	if check := regexp.MustCompile(`HEALTHCHECK .*/weir", "(\w+)"`).FindSubmatch(file); check == nil || !exists("cmd/weir/"+string(check[1])+".go") {
		t.Errorf("Dockerfile's health check is no verb of weir")
	}
	for _, must := range []string{"CGO_ENABLED=0", "USER 65532:65532"} {
		if !bytes.Contains(file, []byte(must)) {
			t.Errorf("Dockerfile lacks %s", must)
		}
	}
}

func TestTheImagesConfigurationIsValid(t *testing.T) {
	if _, err := config.Load(filepath.Join(root, "deploy/weir/weir.yaml")); err != nil {
		t.Error(err)
	}
}

func TestComposeMountsWhatThereIs(t *testing.T) {
	var compose struct {
		Services map[string]struct {
			Image   string
			Ports   []string
			Volumes []string
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal(read(t, "deploy/compose.yaml"), &compose); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"weir", "prometheus", "grafana"} {
		if _, ok := compose.Services[name]; !ok {
			t.Errorf("compose has no service %s", name)
		}
	}
	for name, s := range compose.Services {
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			_, named := compose.Volumes[source]
			if !named && !exists(path.Join("deploy", source)) {
				t.Errorf("%s mounts %s, which is neither a volume nor a file", name, source)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s publishes %s beyond this machine", name, p)
			}
		}
		if name != "weir" && !regexp.MustCompile(`:v?\d+\.\d+\.\d+$`).MatchString(s.Image) {
			t.Errorf("%s runs %s, which is not pinned", name, s.Image)
		}
	}
	for _, file := range []string{
		"deploy/prometheus/prometheus.yml", "deploy/prometheus/rules.yml", "deploy/grafana/dashboards/weir.json",
		"deploy/grafana/provisioning/datasources", "deploy/grafana/provisioning/dashboards",
	} {
		if !exists(file) {
			t.Errorf("%s is missing, which compose.yaml relies on", file)
		}
	}
}
