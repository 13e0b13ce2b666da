package consul

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/consul/api"

	"github.com/weir-gateway/weir/registry"
)

// maxRollout bounds the rollout controller's document, in bytes: Consul bounds
// the body of a transaction, in which values are base64.
const maxRollout = maxValue/4*3 - 4<<10

func checkRollout(doc []byte) error {
	if len(doc) > maxRollout || len(doc) > 0 && !json.Valid(doc) {
		return &registry.FieldError{Field: "rollout", Reason: fmt.Sprintf("is not JSON of at most %d bytes", maxRollout)}
	}
	return nil
}

// putRollout writes the document, or removes its key. A repetition of an older
// write that comes late could put an older document back; the one controller of
// a model writes one after the other, so there is none.
func (s *Store) putRollout(ctx context.Context, model string, doc []byte, session string) error {
	ctx, cancel := s.request(ctx, s.opts.Timeout)
	defer cancel()
	op := &api.KVTxnOp{Verb: api.KVSet, Key: s.keys.rollout(model), Value: doc}
	if len(doc) == 0 {
		op.Verb, op.Value = api.KVDelete, nil
	}
	ok, answer, _, err := s.client.KV().Txn(s.fence(api.KVTxnOps{op}, session), query(ctx))
	switch {
	case err != nil:
		return err
	case fenced(answer, 1):
		return errDeposed
	case !ok && len(answer.Errors) > 0:
		return fmt.Errorf("consul refuses the transaction: %s", answer.Errors[0].What)
	}
	return nil
}
