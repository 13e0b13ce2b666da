package admin

import (
	"errors"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

func TestACommandAtAnotherGatewayNamesTheLeader(t *testing.T) {
	f := newFixture(t)
	f.register("1")
	leader := registry.Replica{Name: "host-b:9901", Admin: "10.0.0.2:9901"}
	f.gateway.leader = leader
	for what, call := range map[string]func() error{
		"start": func() error {
			_, err := f.client().StartRollout(t.Context(), "flights", api.RolloutRequest{Version: "1"})
			return err
		},
		"approve": func() error { _, err := f.client().ApproveRollout(t.Context(), "flights", ""); return err },
	} {
		var p *api.Problem
		if err := call(); !errors.As(err, &p) || p.Status != 409 || !p.HasType(api.TypeNotLeader) || p.Leader == nil || *p.Leader != leader ||
			strings.Contains(p.Detail, "not the leader: not") {
			t.Errorf("%s: %+v", what, err)
		}
	}
	if m, err := f.client().Model(t.Context(), "flights"); err != nil || m.Leader == nil || *m.Leader != leader {
		t.Errorf("the model tells %+v, %v", m.Leader, err)
	}
}
