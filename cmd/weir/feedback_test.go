package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/monitor"
)

// send runs the verb's work against an admin API that knows no request id, and returns what that got.
func send(t *testing.T, text string) (labels []monitor.Label, calls int, out string, err error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var batch []monitor.Label
		if err := json.NewDecoder(r.Body).Decode(&batch); err != nil || r.URL.Path != "/api/v1/models/m/feedback" {
			t.Error(r.URL.Path, err)
		}
		calls++
		labels = append(labels, batch...)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(monitor.Feedback{
			Labels: len(batch), Outcomes: map[string]int{"unknown_id": len(batch)},
			Bad: []monitor.BadLabel{{Entry: len(batch) - 1, RequestID: batch[len(batch)-1].RequestID, Outcome: "unknown_id"}},
		})
	}))
	defer server.Close()
	var b strings.Builder
	a := &app{out: &b, admin: server.URL, getenv: func(string) string { return "" }}
	err = a.sendLabels(t.Context(), "m", "file", strings.NewReader(text))
	return labels, calls, b.String(), err
}

func TestFeedbackReadsCSVAndJSONLinesAlike(t *testing.T) {
	one := 1
	want := []monitor.Label{
		{RequestID: "a", Label: "late", Source: "truth"}, {RequestID: "b", Label: 2.5, Row: &one, Source: "human"}, {RequestID: "c", Label: true},
	}
	for _, text := range []string{
		"request_id,label,row,source\na,late,,truth\nb,2.5,1,human\nc,true,,\n",
		`{"request_id":"a","label":"late","source":"truth"}` + "\n" + `{"request_id":"b","label":2.5,"row":1,"source":"human"}` + "\n" + `{"request_id":"c","label":true}`,
	} {
		got, _, out, err := send(t, text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
		if out != "entry 3 (c): unknown_id\nunknown_id: 3\n" {
			t.Errorf("told %q", out)
		}
	}
}

func TestFeedbackSendsInBatches(t *testing.T) {
	got, calls, out, err := send(t, "request_id,label\n"+strings.Repeat("a,1\n", 12500))
	if err != nil || len(got) != 12500 || calls != 3 || !strings.Contains(out, "entry 12500 (a)") || !strings.Contains(out, "unknown_id: 12500") {
		t.Errorf("%d labels in %d calls, %v, %s", len(got), calls, err, out)
	}
}

func TestFeedbackNamesTheEntryThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"id,label\na,1\n":                    "heading row",
		"request_id,label,row\na,1,0\nb,1,x": `entry 2: row "x"`,
		"{\"request_id\":1}":                 "entry 1",
	} {
		if _, _, _, err := send(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
