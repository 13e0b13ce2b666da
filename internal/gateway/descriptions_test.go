package gateway

import (
	"os"
	"regexp"
	"testing"
)

func TestTheDocumentationListsEveryMetric(t *testing.T) {
	document, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(weir_[a-z_]+)` ").FindAllStringSubmatch(string(document), -1) {
		listed[row[1]] = true
	}
	for _, d := range descriptions {
		name := regexp.MustCompile(`fqName: "([^"]+)"`).FindStringSubmatch(d.String())[1]
		if !listed[name] {
			t.Errorf("docs/metrics.md does not list %s", name)
		}
		delete(listed, name)
	}
	for name := range listed {
		t.Errorf("docs/metrics.md lists %s, which does not exist", name)
	}
}
