package conformance_test

import "testing"

func checkDocument(t *testing.T, name, version string, r map[string]result) {
	for _, id := range ids() {
		if v := r[id]; v.mark != good {
			t.Logf("%s %-24s %-30s %s", v.mark, id, v.text, v.why)
		}
	}
}

