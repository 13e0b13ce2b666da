package consul

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/consul/consultest"
)

// candidate is a store that stands for leader until the test ends.
type candidate struct {
	*Store
	terms  chan registry.Store // one each time it wins
	ended  chan struct{}       // one each time it has lost
	resign context.CancelFunc
}

func stand(t *testing.T, address, name string) *candidate {
	t.Helper()
	opts := quick(address)
	opts.SessionTTL = time.Second
	ctx, cancel := context.WithCancel(context.Background())
	c := &candidate{Store: open(t, opts), terms: make(chan registry.Store, 8), ended: make(chan struct{}, 8), resign: cancel}
	var done sync.WaitGroup
	done.Go(func() {
		_ = c.Campaign(ctx, registry.Replica{Name: name, Admin: name + ":9901"}, func(ctx context.Context, term registry.Store) {
			c.terms <- term
			<-ctx.Done()
			c.ended <- struct{}{}
		}) // ends with the test
	})
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
	return c
}

func within[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(time.Minute):
		t.Fatal("never came: ", what)
	}
	return v
}

// shortSessions lets sessions be shorter than Consul's 10 s.
const shortSessions = `session_ttl_min = "1s"`

func TestOneOfThreeLeadsAndTheNextDoesSoWithoutWaitingWhenItResigns(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Config: shortSessions})
	first := stand(t, server.Address, "a")
	within(t, "the first leader", first.terms)
	others := []*candidate{stand(t, server.Address, "b"), stand(t, server.Address, "c")}
	for _, c := range others {
		for leader, ok := c.Leader(); !ok || leader != (registry.Replica{Name: "a", Admin: "a:9901"}); leader, ok = c.Leader() {
			if t.Context().Err() != nil {
				t.Fatal("the leader is not known")
			}
			time.Sleep(time.Millisecond) // until another goroutine has looked; decides nothing
		}
	}
	if len(others[0].terms)+len(others[1].terms) > 0 {
		t.Error("two lead")
	}
	first.resign()
	within(t, "the end of the first term", first.ended)
	select {
	case <-others[0].terms:
	case <-others[1].terms:
	case <-time.After(time.Minute):
		t.Fatal("nobody follows")
	}
	if len(others[0].terms)+len(others[1].terms) > 0 {
		t.Error("two lead")
	}
}

// TestALeaderThatIsCutOffCannotStep has the former leader try a step that
// nothing but the fence refuses: the generation is still the one it expects.
func TestALeaderThatIsCutOffCannotStep(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Config: shortSessions})
	link := consultest.NewLink(t, server.Address)
	first := stand(t, link.Address, "a")
	seed(t, first.Store)
	old := within(t, "the first leader", first.terms)
	if _, err := old.Commit(t.Context(), whole("2"), 1); err != nil {
		t.Fatal("the leader can't step: ", err)
	}
	if err := old.PutRollout(t.Context(), "flights", []byte(`{"by":"a"}`)); err != nil {
		t.Fatal("the leader can't save: ", err)
	}
	second := stand(t, server.Address, "b")
	link.Hold(true)
	term := within(t, "the second leader", second.terms)
	within(t, "the end of the first term", first.ended)
	link.Hold(false)
	if _, err := old.Commit(t.Context(), whole("1"), 2); !errors.Is(err, registry.ErrNotLeader) {
		t.Errorf("a step of the former leader: %v", err)
	}
	if err := old.PutRollout(t.Context(), "flights", []byte(`{"by":"late"}`)); !errors.Is(err, registry.ErrNotLeader) {
		t.Errorf("a document of the former leader: %v", err)
	}
	if doc, err := second.Rollout(t.Context(), "flights"); err != nil || string(doc) != `{"by":"a"}` {
		t.Errorf("the rollout is %s, %v", doc, err)
	}
	if traffic, err := term.Commit(t.Context(), whole("1"), 2); err != nil || traffic.Generation != 3 {
		t.Errorf("the next leader's step: %+v, %v", traffic, err)
	}
	// By hand it works at any of them.
	if traffic, err := first.Commit(t.Context(), whole("2"), 3); err != nil || traffic.Generation != 4 {
		t.Errorf("a switch at the former leader: %+v, %v", traffic, err)
	}
}

func TestATokenWithoutSessionsServesAndDoesNotLead(t *testing.T) {
	server := consultest.Start(t, consultest.Options{
		Token:  master,
		Config: shortSessions + ` acl { enabled = true default_policy = "deny" tokens { initial_management = "` + master + `" } }`,
	})
	t.Setenv("WEIR_TEST_MASTER", master)
	client, transport, err := connect(Options{Address: server.Address, Timeout: 30 * time.Second, TokenEnv: "WEIR_TEST_MASTER"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	const keys = `key_prefix "weir/" { policy = "write" }`
	policy, _, err := client.ACL().PolicyCreate(&api.ACLPolicy{Name: "weir", Rules: keys}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := client.ACL().TokenCreate(&api.ACLToken{Policies: []*api.ACLTokenPolicyLink{{ID: policy.ID}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("WEIR_TEST_TOKEN", token.SecretID)
	opts := quick(server.Address)
	opts.TokenEnv, opts.SessionTTL = "WEIR_TEST_TOKEN", time.Second
	s := open(t, opts)
	seed(t, s)
	terms := make(chan registry.Store, 1)
	lead := func(ctx context.Context, term registry.Store) {
		terms <- term
		<-ctx.Done()
	}
	err = s.stand(t.Context(), registry.Replica{Name: "a"}, lead)
	if err == nil || !strings.Contains(err.Error(), "session:write") || len(terms) > 0 {
		t.Fatalf("without the right: %v", err)
	}
	policy.Rules = keys + ` session_prefix "" { policy = "write" }`
	if _, _, err := client.ACL().PolicyUpdate(policy, nil); err != nil {
		t.Fatal(err)
	}
	ctx, resign := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = s.Campaign(ctx, registry.Replica{Name: "a"}, lead) }) // ends with the test
	defer done.Wait()
	defer resign()
	if _, err := within(t, "the lead", terms).Commit(t.Context(), whole("2"), 1); err != nil {
		t.Errorf("a step with the rights of docs/consul.md: %v", err)
	}
}
