package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/rollout/judge"
)

func TestACandidateThatFailsOneOriginIsRolledBackAndTheOriginNamed(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	two.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "EWR") {
			http.Error(w, "broken", http.StatusInternalServerError)
			return
		}
		two.serve(w, r)
	})
	r := start(t, "monitor: {slices: [origin]}", `rollout: {automation: automatic, steps: [{weight: 50}], guardrails: [{metric: errors, margin: 40, slices: [origin]}]}`)
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	r.infer()
	if _, err := r.admin.StartRollout(t.Context(), "m", api.RolloutRequest{Version: "2"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the rollback", func() bool {
		for i := range 30 {
			r.post(fmt.Sprintf(inferBody, i, []string{"JFK", "EWR", "LGA"}[i%3]))
		}
		walk, err := r.admin.Rollout(t.Context(), "m")
		return err == nil && walk.Status == "rolled-back"
	})
	walk, err := r.admin.Rollout(t.Context(), "m")
	if err != nil {
		t.Fatal(err)
	}
	v := walk.Verdicts[len(walk.Verdicts)-1]
	if v.Outcome != judge.Fail || v.Slice != "origin=EWR" || !strings.Contains(walk.Why, "slice origin=EWR: errors: candidate 100 %") {
		t.Errorf("%+v: %s", v, walk.Why)
	}
}

func TestACandidateThatPredictsOtherwiseForOneOriginIsRolledBack(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	two.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		class := 0
		if strings.Contains(string(body), "LGA") {
			class = 1
		}
		fmt.Fprintf(w, `{"model_name":"m","outputs":[{"name":"late","shape":[1],"datatype":"INT64","data":[%d]}]}`, class)
	})
	r := start(t, "monitor: {slices: [origin]}", `rollout: {automation: automatic, steps: [{weight: 50}], guardrails: [{metric: prediction, margin: 0.4, slices: [origin]}]}`)
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	r.infer()
	if _, err := r.admin.StartRollout(t.Context(), "m", api.RolloutRequest{Version: "2"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the rollback", func() bool {
		for i := range 60 {
			r.post(fmt.Sprintf(inferBody, i, []string{"JFK", "EWR", "LGA"}[i%3]))
		}
		walk, err := r.admin.Rollout(t.Context(), "m")
		return err == nil && walk.Status == "rolled-back"
	})
	walk, err := r.admin.Rollout(t.Context(), "m")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(walk.Why, "slice origin=LGA: prediction") {
		t.Errorf("%s", walk.Why)
	}
}
