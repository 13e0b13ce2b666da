package consul

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/consul/consultest"
)

// numbers is a document of so many bytes, which compress to less than half.
func numbers(t *testing.T, size int) []byte {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 0))
	var all []int64
	for range size / 20 {
		all = append(all, random.Int64())
	}
	doc, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestARolloutMayBeAsLargeAsATransactionTakes(t *testing.T) {
	server := consultest.Start(t, consultest.Options{})
	s := open(t, quick(server.Address))
	seed(t, s)
	doc := numbers(t, maxRollout-2_000)
	if err := s.PutRollout(t.Context(), "flights", doc); err != nil {
		t.Fatalf("%d bytes: %v", len(doc), err)
	}
	if got, err := s.Rollout(t.Context(), "flights"); err != nil || !bytes.Equal(got, doc) {
		t.Errorf("%d bytes came back as %d, %v", len(doc), len(got), err)
	}
	if err := s.PutRollout(t.Context(), "flights", numbers(t, maxRollout+20_000)); !errors.Is(err, registry.ErrInvalid) {
		t.Errorf("a document that does not fit: %v", err)
	}
}

func TestANoticeMayBeAsLargeAsAValue(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Config: shortSessions})
	a := attend(t, server.Address, "a")
	doc := numbers(t, maxNotice-20_000)
	a.post(t, "counts/flights", string(doc))
	if all, err := a.Notices(t.Context(), "counts/flights"); err != nil || len(all) != 1 || !bytes.Equal(all[0].Doc, doc) {
		t.Errorf("%d notices, %v", len(all), err)
	}
}
