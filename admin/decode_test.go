package admin

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
)

// FuzzDecodeStrict: what is accepted means the same to every JSON reader, and what is refused is refused as a 400 that
// names a field.
func FuzzDecodeStrict(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"stable":"1","arms":[{"version":"1","weight":100}]}`, `{"a":{"a":{"a":1}}}`, `{"stable":"1","stable":"2"}`,
		`[`, `{"arms":[{"weight":1e9}]}`, `{"reason":"\ud800"}`, "{\"stable\":\"\xff\"}", `{"stable":null}`,
		strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat(`}`, 40),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var update api.TrafficUpdate
		err := decodeStrict(data, &update)
		if err == nil {
			var object map[string]json.RawMessage
			if err := json.Unmarshal(data, &object); err != nil {
				t.Errorf("%q is accepted and is no JSON object: %v", data, err)
			}
			return
		}
		var p *api.Problem
		if !errors.As(err, &p) || p.Status != 400 || len(p.Fields) != 1 || p.Fields[0].Name == "" && !strings.Contains(string(data), `""`) {
			t.Errorf("%q is refused with %v", data, err)
		}
	})
}

func TestDeepNestingIsRefused(t *testing.T) {
	var update api.TrafficUpdate
	for _, open := range []string{`{"a":`, `{"a":[`} {
		if err := checkObject([]byte(strings.Repeat(open, 1000))); err == nil || !strings.Contains(err.Error(), "nested deeper") {
			t.Errorf("%s a thousand times: %v", open, err)
		}
	}
	if err := decodeStrict([]byte(`{"stable":"1"}`), &update); err != nil || update.Stable != "1" {
		t.Errorf("%+v, %v", update, err)
	}
}
