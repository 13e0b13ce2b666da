package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func good() Version {
	return Version{Model: "flights", Version: "3", Endpoints: []string{"http://127.0.0.1:9003"}}
}

func TestVersionDocumentIsAsDocumented(t *testing.T) {
	const doc = `{"model":"flights","version":"3","endpoints":["http://127.0.0.1:9003"],"lineage":{"git":"9f1c2ab","data":"sha256:d","artifact":"sha256:a","run":"mlflow:4f","params":{"l2":"0.1"}},"profile":"sha256:p","registered":"2026-11-22T10:00:00Z","by":"ci"}`
	var v Version
	if err := json.Unmarshal([]byte(doc), &v); err != nil {
		t.Fatal(err)
	}
	want := Version{
		Model: "flights", Version: "3", Endpoints: []string{"http://127.0.0.1:9003"},
		Lineage: Lineage{Git: "9f1c2ab", Data: "sha256:d", Artifact: "sha256:a", Run: "mlflow:4f", Params: map[string]string{"l2": "0.1"}},
		Profile: "sha256:p", Registered: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), By: "ci",
	}
	if diff := cmp.Diff(want, v); diff != "" {
		t.Error(diff)
	}
	if data, err := json.Marshal(v); err != nil || string(data) != doc {
		t.Errorf("%s, %v", data, err)
	}
	if data, err := json.Marshal(good()); err != nil || strings.Contains(string(data), "lineage") {
		t.Errorf("an empty lineage is written: %s, %v", data, err)
	}
}

func TestTrafficDocumentIsAsDocumented(t *testing.T) {
	const doc = `{"model":"flights","generation":17,"time":"2026-11-22T10:00:00Z","actor":"alice","reason":"canary step 2","stable":"2","arms":[{"version":"2","weight":95},{"version":"3","weight":5}],"shadows":[{"version":"4","sample":1}],"standby":["1"]}`
	var traffic Traffic
	if err := json.Unmarshal([]byte(doc), &traffic); err != nil {
		t.Fatal(err)
	}
	if err := traffic.Validate(map[string]Version{"1": {}, "2": {}, "3": {}, "4": {}}); err != nil {
		t.Error(err)
	}
	if data, err := json.Marshal(traffic); err != nil || string(data) != doc {
		t.Errorf("%s, %v", data, err)
	}
}

func TestInvalidVersionsSayWhereAndWhy(t *testing.T) {
	for want, spoil := range map[string]func(*Version){
		"model: is missing":                                 func(v *Version) { v.Model = "" },
		`model: "../x" is no name`:                          func(v *Version) { v.Model = "../x" },
		`version: "-1" is no name`:                          func(v *Version) { v.Version = "-1" },
		`version: "ü" is no name`:                           func(v *Version) { v.Version = "ü" },
		`is longer than 128`:                                func(v *Version) { v.Version = strings.Repeat("1", 129) },
		"endpoints: a version needs at least one":           func(v *Version) { v.Endpoints = nil },
		"endpoints: 257 are more than 256":                  func(v *Version) { v.Endpoints = make([]string, 257) },
		`endpoints[1]: "http://127.0.0.1:9003" is there tw`: func(v *Version) { v.Endpoints = append(v.Endpoints, v.Endpoints[0]) },
		`endpoints[0]: "localhost:90" must begin with http`: func(v *Version) { v.Endpoints[0] = "localhost:90" },
		`"ftp://h" must begin with http`:                    func(v *Version) { v.Endpoints[0] = "ftp://h" },
		`"http:///x" names no host`:                         func(v *Version) { v.Endpoints[0] = "http:///x" },
		`"http://:80" names no host`:                        func(v *Version) { v.Endpoints[0] = "http://:80" },
		`carries a user or password`:                        func(v *Version) { v.Endpoints[0] = "http://u:p@h" },
		`carries a query or fragment`:                       func(v *Version) { v.Endpoints[0] = "http://h/?" },
		`"http://h/#x" carries a query or fragment`:         func(v *Version) { v.Endpoints[0] = "http://h/#x" },
		`has a port outside 1 to 65535`:                     func(v *Version) { v.Endpoints[0] = "http://h:65536" },
		`"http://h:p" is no URL`:                            func(v *Version) { v.Endpoints[0] = "http://h:p" },
		`is too long`:                                       func(v *Version) { v.Endpoints[0] = "http://h/" + strings.Repeat("x", 1024) },
		"lineage.git: 1025 bytes are more than 1024":        func(v *Version) { v.Git = strings.Repeat("x", 1025) },
		"lineage.run: is not UTF-8 text":                    func(v *Version) { v.Run = "\xff" },
		"lineage.params: a parameter has no name":           func(v *Version) { v.Params = map[string]string{"": "1"} },
		"lineage.params.l2: 4097 bytes":                     func(v *Version) { v.Params = map[string]string{"l2": strings.Repeat("x", 4097)} },
		`profile: "sha256:12" is no digest`:                 func(v *Version) { v.Profile = "sha256:12" },
		"by: is not UTF-8 text":                             func(v *Version) { v.By = "\xff" },
	} {
		v := good()
		spoil(&v)
		var field *FieldError
		if err := v.Validate(); !errors.Is(err, ErrInvalid) || !errors.As(err, &field) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
	for _, endpoint := range []string{"http://h", "https://h:443/v2/models/flights/versions/3", "http://[::1]:9000", "http://h/a%20b"} {
		v := good()
		v.Endpoints[0] = endpoint
		if err := v.Validate(); err != nil {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

func TestInvalidTrafficSaysWhereAndWhy(t *testing.T) {
	versions := map[string]Version{"1": {}, "2": {}, "3": {}}
	for want, spoil := range map[string]func(*Traffic){
		"arms: traffic needs at least one arm":                      func(t *Traffic) { t.Arms = nil },
		"arms: weights sum to 99.9999 per cent":                     func(t *Traffic) { t.Arms[0].Weight-- },
		"arms: weights sum to 200 per cent":                         func(t *Traffic) { t.Arms[0].Weight, t.Arms[1].Weight = Full, Full },
		"arms[0].weight: -5 per cent is outside 0 to 100":           func(t *Traffic) { t.Arms[0].Weight = -5_0000 },
		"arms[1].version: version 1 is an arm twice":                func(t *Traffic) { t.Arms[1].Version = "1" },
		"arms[1].version: version 9 is not registered":              func(t *Traffic) { t.Arms[1].Version = "9" },
		"arms[1].version: is missing":                               func(t *Traffic) { t.Arms[1].Version = "" },
		"stable: is missing":                                        func(t *Traffic) { t.Stable = "" },
		"stable: version 3 is not an arm":                           func(t *Traffic) { t.Stable = "3" },
		"shadows[0].version: version 2 is an arm already":           func(t *Traffic) { t.Shadows = []Shadow{{"2", 1}} },
		"shadows[0].sample: 0 is outside the range above 0 up to 1": func(t *Traffic) { t.Shadows = []Shadow{{"3", 0}} },
		"shadows[0].sample: NaN is outside":                         func(t *Traffic) { t.Shadows = []Shadow{{"3", math.NaN()}} },
		"shadows[0].sample: 1.5 is outside":                         func(t *Traffic) { t.Shadows = []Shadow{{"3", 1.5}} },
		"shadows[1].version: version 3 is a shadow twice":           func(t *Traffic) { t.Shadows = []Shadow{{"3", 1}, {"3", 1}} },
		"standby[0]: version 1 is an arm":                           func(t *Traffic) { t.Standby = []string{"1"} },
		"standby[1]: version 3 is on standby twice":                 func(t *Traffic) { t.Standby = []string{"3", "3"} },
		"standby[0]: version 9 is not registered":                   func(t *Traffic) { t.Standby = []string{"9"} },
		"reason: 4097 bytes":                                        func(t *Traffic) { t.Reason = strings.Repeat("x", 4097) },
		`cause: "whim" is none of`:                                  func(t *Traffic) { t.Cause = "whim" },
		"evidence: is not JSON":                                     func(t *Traffic) { t.Evidence = json.RawMessage("{") },
		"evidence: 131073 bytes":                                    func(t *Traffic) { t.Evidence = make([]byte, 128<<10+1) },
		"model: is missing":                                         func(t *Traffic) { t.Model = "" },
	} {
		traffic := Traffic{Model: "m", Stable: "1", Arms: []Arm{{"1", 90_0000}, {"2", 10_0000}}}
		spoil(&traffic)
		var field *FieldError
		if err := traffic.Validate(versions); !errors.Is(err, ErrInvalid) || !errors.As(err, &field) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

func TestDiffNamesWhatChanged(t *testing.T) {
	v1, v2 := good(), good()
	v1.Lineage = Lineage{Git: "a", Data: "d", Params: map[string]string{"l2": "0.1", "depth": "6"}}
	v2.Version = "4"
	v2.Lineage = Lineage{Git: "b", Data: "d", Run: "r", Params: map[string]string{"l2": "0.2", "trees": "100"}}
	v2.Profile = "sha256:p"
	v2.Endpoints = []string{"http://b", "http://a"}
	want := []Change{
		{"code", "", "a", "b"},
		{"run", "", "", "r"},
		{"params", "depth", "6", ""},
		{"params", "l2", "0.1", "0.2"},
		{"params", "trees", "", "100"},
		{"profile", "", "", "sha256:p"},
		{"endpoints", "", "http://127.0.0.1:9003", "http://a http://b"},
	}
	if diff := cmp.Diff(want, Diff(v1, v2)); diff != "" {
		t.Error(diff)
	}
	if got := Diff(v1, v1.Clone()); got != nil {
		t.Errorf("a version differs from itself in %v", got)
	}
	if fmt.Sprint(v1.Params) != "map[depth:6 l2:0.1]" {
		t.Errorf("comparing changed the version: %v", v1.Params)
	}
}

func TestSameContentIgnoresOrderButNotRepeats(t *testing.T) {
	a := Traffic{Stable: "1", Arms: []Arm{{"1", 1}, {"2", 2}}}
	b := Traffic{Stable: "1", Arms: []Arm{{"2", 2}, {"1", 1}}, Standby: []string{}}
	if !a.SameContent(b) {
		t.Error("order matters")
	}
	b.Arms[1] = b.Arms[0]
	if a.SameContent(b) || b.SameContent(a) {
		t.Error("a repeat counts as the same")
	}
}

func TestProblemNamesItsPlace(t *testing.T) {
	cause := errors.New("no")
	if got := (&Problem{Place: "f.json", Line: 2, Column: 3, Err: cause}).Error(); got != "f.json:2:3: no" {
		t.Error(got)
	}
	if got := (&Problem{Place: "f.json", Err: cause}); got.Error() != "f.json: no" || !errors.Is(got, cause) {
		t.Error(got)
	}
}
