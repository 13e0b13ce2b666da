package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/weir-gateway/weir/internal/demo/model"
	"github.com/weir-gateway/weir/internal/demo/server"
)

// fasthttp leaves two kinds of goroutine behind: one sleeps up to ten seconds
// before it notices that its server ended, one lives as long as the process.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
	)
}

// echo answers with a probability that shows which inputs arrived.
type echo struct{}

func (echo) Probability(r model.Row) float64 {
	p := r.Numbers[model.DepDelay] / 100
	if math.IsNaN(r.Numbers[model.Pressure]) {
		p += 0.001
	}
	if r.Texts[model.Carrier] == "UA" {
		p += 0.0001
	}
	return p
}

func start(t *testing.T) *server.Server {
	t.Helper()
	s, err := server.Start(server.Config{Name: "flights", Version: "7", Model: echo{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func call(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(got)
}

func TestAnInferenceAnswersEachRow(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/v2/models/flights/infer", "/v2/models/flights/versions/7/infer"} {
		status, body := call(t, "POST", s.URL()+path, `{"id":"a\"1","inputs":[
			{"name":"dep_delay","shape":[3],"datatype":"FP64","data":[10,70,0]},
			{"name":"pressure","shape":[3,1],"datatype":"FP64","data":[1012.5,null,1000]},
			{"name":"carrier","shape":[3],"datatype":"BYTES","data":["UA","DL",null]}]}`)
		if status != 200 {
			t.Errorf("status %d", status)
		}
		want := `{"model_name":"flights","model_version":"7","id":"a\"1","outputs":[` +
			`{"name":"late","datatype":"INT64","shape":[3],"data":[0,1,0]},` +
			`{"name":"probability","datatype":"FP64","shape":[3],"data":[0.1001,0.701,0]}]}`
		if d := cmp.Diff(want, body); d != "" {
			t.Error(path, d)
		}
	}
}

func TestBadRequestsAreRefusedWithTheirReason(t *testing.T) {
	s := start(t)
	tensor := func(name, kind, shape, data string) string {
		return fmt.Sprintf(`{"inputs":[{"name":%q,"datatype":%q,"shape":%s,"data":%s}]}`, name, kind, shape, data)
	}
	for _, c := range []struct{ body, want string }{
		{`{`, "not JSON"},
		{`{}`, "no inputs"},
		{`{"inputs":[]}`, "no inputs"},
		{tensor("speed", "FP64", "[1]", "[1]"), "no such input"},
		{tensor("temp", "BYTES", "[1]", `["1"]`), "does not fit"},
		{tensor("temp", "FP64", "[1]", `["1"]`), "is a string"},
		{tensor("carrier", "BYTES", "[1]", "[1]"), "is a number"},
		{tensor("temp", "FP64", "[1]", "[[1]]"), "of type array"},
		{tensor("temp", "FP64", "[2]", "[1]"), "1 values with a shape of 2"},
		{tensor("temp", "FP64", "[]", "[1]"), "the shape has to be"},
		{tensor("temp", "FP64", "[1,2]", "[1,2]"), "the shape has to be"},
		{tensor("temp", "FP64", "[99999999]", "[1]"), "the shape has to be"},
	} {
		status, body := call(t, "POST", s.URL()+"/v2/models/flights/infer", c.body)
		var refusal struct{ Error string }
		if err := json.Unmarshal([]byte(body), &refusal); err != nil {
			t.Fatalf("%s: %v in %s", c.body, err, body)
		}
		if status != 400 || !strings.Contains(refusal.Error, c.want) {
			t.Errorf("%s: status %d, %q; want 400 and %q", c.body, status, refusal.Error, c.want)
		}
	}
}

func TestAModelWithoutAnAnswerIsAServerError(t *testing.T) {
	s := start(t)
	status, body := call(t, "POST", s.URL()+"/v2/models/flights/infer",
		`{"inputs":[{"name":"dep_delay","shape":[1],"datatype":"FP64","data":[null]}]}`)
	if status != 500 || !strings.Contains(body, "no probability for row 0") {
		t.Errorf("status %d: %s", status, body)
	}
}

func TestHealthAndMetadata(t *testing.T) {
	s := start(t)
	for path, want := range map[string]string{
		"/v2":                           `"name":"weir-demo"`,
		"/v2/health/live":               `{}`,
		"/v2/health/ready":              `{}`,
		"/v2/models/flights/ready":      `"ready":true`,
		"/v2/models/flights":            `{"name":"dep_delay","datatype":"FP64","shape":[-1]}`,
		"/v2/models/flights/versions/7": `"versions":["7"]`,
	} {
		if status, body := call(t, "GET", s.URL()+path, ""); status != 200 || !strings.Contains(body, want) {
			t.Errorf("GET %s: %d %s, want %s in it", path, status, body, want)
		}
	}
	for path, want := range map[string]int{"/": 404, "/v2/models/other": 404, "/v2/models/flights/x": 404, "/v2/models/flights/infer": 405} {
		if status, _ := call(t, "GET", s.URL()+path, ""); status != want {
			t.Errorf("GET %s: %d, want %d", path, status, want)
		}
	}
	if status, _ := call(t, "POST", s.URL()+"/v2", ""); status != 405 {
		t.Errorf("POST /v2: %d, want 405", status)
	}
}
