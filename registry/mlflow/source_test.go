package mlflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/file"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// runID is that of testdata/run.json.
const runID = "9f44195af1a14358bee87b011e3b5861"

// recorded is an answer of MLflow 3.17.2.
func recorded(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// server answers like MLflow, as the tests say.
type server struct {
	mu      sync.Mutex
	answers map[string]http.HandlerFunc // by the call's path
	calls   []string                    // paths with their queries
	auth    string                      // of the last call
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/tracking"+api)
	s.mu.Lock()
	s.calls = append(s.calls, path+"?"+r.URL.RawQuery)
	s.auth = r.Header.Get("Authorization")
	answer := s.answers[path]
	s.mu.Unlock()
	if answer == nil {
		http.NotFound(w, r)
		return
	}
	answer(w, r)
}

func (s *server) set(path string, answer http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[path] = answer
}

func text(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// followedModel is a source with what it is told to follow, and a real registry.
type followedModel struct {
	*Source
	server  *server
	store   registry.Store
	changes []Status
	looks   []error
	now     time.Time
}

func follow(t *testing.T, change func(*Options)) *followedModel {
	t.Helper()
	s := &server{answers: map[string]http.HandlerFunc{
		"registered-models/get": text(200, recorded(t, "registered-model.json")),
		"model-versions/search": text(200, recorded(t, "model-versions.json")),
		"runs/get":              text(200, recorded(t, "run.json")),
	}}
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	store, err := file.Open(t.TempDir(), file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	f := &followedModel{server: s, store: store, now: time.UnixMilli(1795800333972)}
	o := Options{
		Model: "flights", URL: listening.URL + "/tracking/", Store: store,
		Now:      func() time.Time { return f.now },
		OnPoll:   func(err error) { f.looks = append(f.looks, err) },
		OnChange: func(s Status) { f.changes = append(f.changes, s) },
	}
	if change != nil {
		change(&o)
	}
	f.Source = New(o)
	t.Cleanup(f.client.http.CloseIdleConnections)
	return f
}

// registered are the model's versions in Weir's registry.
func (f *followedModel) registered(t *testing.T) map[string]registry.Version {
	t.Helper()
	s, err := f.store.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Models["flights"].Traffic != nil {
		t.Errorf("a source has changed traffic: %+v", s.Models["flights"].Traffic)
	}
	return s.Models["flights"].Index()
}

func (f *followedModel) skipped() map[string]string {
	out := map[string]string{}
	for _, s := range f.Status().Skipped {
		out[s.Version] = s.Reason
	}
	return out
}

func TestAVersionIsRegisteredWithTheLineageOfItsRun(t *testing.T) {
	f := follow(t, nil)
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := f.registered(t)["1"]
	got.Registered = time.Time{}
	want := registry.Version{
		Model: "flights", Version: "1", Endpoints: []string{"http://127.0.0.1:9001"}, By: "mlflow",
		Lineage: registry.Lineage{
			Git: "9f1c2ab", Data: "train@85abe2dc", Artifact: "s3://models/flights/1", Run: "mlflow:" + runID,
			Params: map[string]string{"l2": "0.1", "depth": "4"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("registered (-want +got):\n%s", diff)
	}
	wantChanges := []Status{{Connected: true, Aliases: map[string]string{"champion": "1"}, Registered: []string{"1"}}}
	if diff := cmp.Diff(wantChanges, f.changes); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestASecondLookChangesAndTellsNothing(t *testing.T) {
	f := follow(t, nil)
	for range 2 {
		if err := f.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	runs := 0
	for _, call := range f.server.calls {
		if strings.HasPrefix(call, "runs/get") {
			runs++
		}
	}
	if runs != 1 || len(f.registered(t)) != 1 {
		t.Errorf("%d runs read, registered %v", runs, f.registered(t))
	}
	// The second look has nothing registered to tell, which is not a change.
	if len(f.changes) != 1 || len(f.looks) != 2 {
		t.Errorf("%d changes of %d looks: %+v", len(f.changes), len(f.looks), f.changes)
	}
}

func TestAFaultOfMLflowChangesNothingAndIsToldOnce(t *testing.T) {
	whole := recorded(t, "model-versions.json")
	faults := map[string]struct {
		path   string
		answer http.HandlerFunc
		says   string
	}{
		"an error":                {"model-versions/search", text(500, `{"error_code":"INTERNAL_ERROR","message":"database is locked"}`), "500 INTERNAL_ERROR: database is locked"},
		"an error of a proxy":     {"registered-models/get", text(502, "<html>bad gateway</html>"), "answered 502"},
		"a page":                  {"registered-models/get", text(200, "<!doctype html><title>MLflow</title>"), "not MLflow's JSON"},
		"half an answer":          {"model-versions/search", text(200, whole[:len(whole)/2]), "not MLflow's JSON"},
		"nothing":                 {"registered-models/get", text(200, ""), "not MLflow's JSON"},
		"an empty object":         {"registered-models/get", text(200, "{}"), `about "" instead of "flights"`},
		"another model":           {"registered-models/get", text(200, `{"registered_model":{"name":"trains"}}`), `about "trains"`},
		"no such model":           {"registered-models/get", text(404, recorded(t, "no-model.json")), `no registered model "flights"`},
		"more than is read":       {"model-versions/search", text(200, strings.Repeat(" ", maxAnswer+1)), "larger than"},
		"a broken connection":     {"model-versions/search", broken, "broke off"},
		"no right":                {"registered-models/get", text(401, "You are not authenticated."), "answered 401"},
		"pages without an end":    {"model-versions/search", text(200, `{"model_versions":[{"name":"flights","version":"1"}],"next_page_token":"a"}`), "circle"},
		"a page with nothing":     {"model-versions/search", text(200, `{"next_page_token":"a"}`), "circle"},
		"versions of other shape": {"model-versions/search", text(200, `{"model_versions":{}}`), "not MLflow's JSON"},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			f := follow(t, nil)
			if err := f.Poll(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := f.server.answers[fault.path]
			f.server.set(fault.path, fault.answer)
			for range 2 {
				if err := f.Poll(t.Context()); err == nil || !strings.Contains(err.Error(), fault.says) {
					t.Fatalf("the look says %v", err)
				}
			}
			s := f.Status()
			if s.Connected || !strings.Contains(s.Error, fault.says) || s.Aliases["champion"] != "1" {
				t.Errorf("status %+v", s)
			}
			if len(f.registered(t)) != 1 {
				t.Errorf("registered %v", f.registered(t))
			}
			f.server.set(fault.path, before)
			if err := f.Poll(t.Context()); err != nil || !f.Status().Connected || f.Status().Error != "" {
				t.Errorf("afterwards: %v, %+v", err, f.Status())
			}
			if len(f.changes) != 3 { // registered, lost, back
				t.Errorf("told %d times: %+v", len(f.changes), f.changes)
			}
		})
	}
}

// broken promises more than it sends.
func broken(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte(`{"model_versions":[`))
}

func TestMLflowDownIsAnErrorOfOneLook(t *testing.T) {
	f := follow(t, func(o *Options) { o.URL = "http://127.0.0.1:1" })
	if err := f.Poll(t.Context()); err == nil || f.Status().Connected {
		t.Errorf("%v, %+v", err, f.Status())
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Poll(ended); !errors.Is(err, context.Canceled) || len(f.looks) != 1 {
		t.Errorf("the end of the source counted as a fault: %v, %v", err, f.looks)
	}
}

func TestMLflowThatNeverAnswersOrNeverEndsIsAnErrorOfOneLook(t *testing.T) {
	f := follow(t, func(o *Options) { o.Timeout = 20 * time.Millisecond })
	done := make(chan struct{})
	defer close(done)
	for path, answer := range map[string]http.HandlerFunc{
		"registered-models/get": func(http.ResponseWriter, *http.Request) { <-done },
		"model-versions/search": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"model_versions":[`))
			_ = http.NewResponseController(w).Flush()
			<-done
		},
	} {
		before := f.server.answers[path]
		f.server.set(path, answer)
		if err := f.Poll(t.Context()); !errors.Is(err, context.DeadlineExceeded) || f.Status().Connected {
			t.Errorf("%s: %v, %+v", path, err, f.Status())
		}
		f.server.set(path, before)
	}
}

func TestAnEmptyListOfVersionsRemovesNothing(t *testing.T) {
	f := follow(t, nil)
	_ = f.Poll(t.Context())
	f.server.set("model-versions/search", text(200, "{}")) // as MLflow writes an empty list
	if err := f.Poll(t.Context()); err != nil || len(f.registered(t)) != 1 {
		t.Errorf("%v, registered %v", err, f.registered(t))
	}
}

// versions is a page of the search.
func versions(next string, each ...string) http.HandlerFunc {
	return text(200, fmt.Sprintf(`{"model_versions":[%s],"next_page_token":%q}`, strings.Join(each, ","), next))
}

func aVersion(number int, more string) string {
	return fmt.Sprintf(`{"name":"flights","version":"%d","status":"READY","creation_timestamp":"1795800333972"%s}`, number, more)
}

func TestVersionsThatCannotServeAreReportedAndTriedAgain(t *testing.T) {
	f := follow(t, nil)
	f.server.set("model-versions/search", versions("",
		aVersion(4, `,"tags":[{"key":"weir.endpoints","value":"ftp://x"}]`),
		aVersion(3, ``),
		aVersion(2, `,"status":"PENDING_REGISTRATION"`),
		aVersion(1, `,"run_id":"r","tags":[{"key":"weir.endpoints","value":"http://a:1, http://b:1"}]`)))
	f.server.set("runs/get", text(200, `{"run":{"info":{"status":"RUNNING"}}}`))
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := f.skipped()
	for version, says := range map[string]string{"1": "run has not ended", "2": "PENDING_REGISTRATION", "3": "weir.endpoints", "4": "http://"} {
		if !strings.Contains(got[version], says) {
			t.Errorf("version %s: %q, want %q in it", version, got[version], says)
		}
	}
	if len(f.registered(t)) != 0 {
		t.Errorf("registered %v", f.registered(t))
	}
	f.now = f.now.Add(settle) // a run that was killed stays RUNNING
	f.server.set("model-versions/search", versions("", aVersion(3, `,"tags":[{"key":"weir.endpoints","value":"http://c:1"}]`),
		aVersion(1, `,"run_id":"r","tags":[{"key":"weir.endpoints","value":"http://a:1, http://b:1"}]`)))
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := f.registered(t)
	if diff := cmp.Diff([]string{"http://a:1", "http://b:1"}, all["1"].Endpoints); diff != "" || len(all) != 2 || len(f.skipped()) != 0 {
		t.Errorf("registered %v, skipped %v", all, f.skipped())
	}
}

func TestARunThatIsGoneLeavesItsNameAndARunThatCannotBeReadHoldsTheVersionBack(t *testing.T) {
	f := follow(t, func(o *Options) { o.Endpoints = []string{"http://models:9000/v{version}"} })
	f.server.set("model-versions/search", versions("", aVersion(7, `,"run_id":"r"`)))
	f.server.set("runs/get", text(500, ""))
	if err := f.Poll(t.Context()); err == nil || len(f.registered(t)) != 0 {
		t.Fatalf("%v, registered %v", err, f.registered(t))
	}
	f.server.set("runs/get", text(404, `{"error_code":"RESOURCE_DOES_NOT_EXIST"}`))
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := f.registered(t)["7"]
	if got.Run != "mlflow:r" || got.Git != "" || got.Endpoints[0] != "http://models:9000/v7" {
		t.Errorf("registered %+v", got)
	}
}

func TestAVersionThatIsHereIsLeftAloneAndTheDifferenceReported(t *testing.T) {
	f := follow(t, nil)
	byHand := registry.Version{Model: "flights", Version: "1", Endpoints: []string{"http://elsewhere:1"}, By: "alice"}
	if _, err := f.store.Register(t.Context(), byHand); err != nil {
		t.Fatal(err)
	}
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.registered(t)["1"]; got.By != "alice" || got.Endpoints[0] != "http://elsewhere:1" {
		t.Errorf("registered %+v", got)
	}
	if reason := f.skipped()["1"]; !strings.Contains(reason, "other endpoints, http://elsewhere:1") {
		t.Errorf("skipped: %q", reason)
	}
}

func TestPagesAreReadUpToTheNewestVersionsThatCount(t *testing.T) {
	f := follow(t, func(o *Options) { o.Endpoints = []string{"http://m/{version}"}; o.Name = "flights" })
	const all = newest + pageSize
	f.server.set("model-versions/search", func(w http.ResponseWriter, r *http.Request) {
		first := all
		if token := r.URL.Query().Get("page_token"); token != "" {
			_, _ = fmt.Sscan(token, &first)
		}
		var page []string
		for n := first; n > first-pageSize; n-- {
			page = append(page, aVersion(n, ""))
		}
		versions(fmt.Sprint(first-pageSize), page...)(w, r)
	})
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := f.registered(t)
	if _, oldest := got[fmt.Sprint(all-newest+1)]; !oldest || len(got) != newest {
		t.Errorf("%d versions are registered, want the newest %d", len(got), newest)
	}
	if want := []string{"101", "102"}; !cmp.Equal(f.changes[0].Registered[:2], want) {
		t.Errorf("registered in the order %v…", f.changes[0].Registered[:2])
	}
}

func TestAnAliasThatMovesIsToldAndOneThatIsGone(t *testing.T) {
	f := follow(t, nil)
	for _, aliases := range []string{`[{"alias":"champion","version":"1"}]`, `[{"alias":"champion","version":"2"}]`, `[]`} {
		f.server.set("registered-models/get", text(200, `{"registered_model":{"name":"flights","aliases":`+aliases+`}}`))
		if err := f.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var told []string
	for _, c := range f.changes {
		told = append(told, c.Aliases["champion"])
	}
	if diff := cmp.Diff([]string{"1", "2", ""}, told); diff != "" {
		t.Error(diff)
	}
}

func TestTheTokenIsSentAsMLflowWantsIt(t *testing.T) {
	token := ""
	f := follow(t, func(o *Options) { o.Token = func() string { return token } })
	for given, want := range map[string]string{"": "", "abc": "Bearer abc", "me:secret": "Basic bWU6c2VjcmV0"} {
		token = given
		_ = f.Poll(t.Context())
		if f.server.auth != want {
			t.Errorf("%q is sent as %q, want %q", given, f.server.auth, want)
		}
	}
}

func TestANudgeIsALookAtOnce(t *testing.T) {
	looks := make(chan error)
	f := follow(t, func(o *Options) {
		o.Poll = time.Hour
		o.OnPoll = func(err error) { looks <- err }
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { f.Follow(ctx); close(ended) }()
	for range 3 {
		if err := <-looks; err != nil {
			t.Error(err)
		}
		f.Nudge()
	}
	<-looks
	cancel()
	<-ended
}
