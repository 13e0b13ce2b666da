package consul

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/consul/api"

	"github.com/weir-gateway/weir/registry"
)

const (
	// maxRollout bounds the rollout controller's document, in bytes.
	maxRollout = 2 << 20
	// plainRollout is from where on it is compressed: with the counts of many
	// gateways and slices it is some hundred kilobytes.
	plainRollout = 128 << 10
	// maxRolloutValue is what a transaction takes: Consul bounds its body, in
	// which values are base64.
	maxRolloutValue = maxValue/4*3 - 4<<10
)

func checkRollout(doc []byte) error {
	if len(doc) > maxRollout || len(doc) > 0 && !json.Valid(doc) {
		return &registry.FieldError{Field: "rollout", Reason: fmt.Sprintf("is not JSON of at most %d bytes", maxRollout)}
	}
	return nil
}

// packRollout is the value of a document.
func packRollout(doc []byte) ([]byte, error) {
	if len(doc) <= plainRollout {
		return doc, nil
	}
	packed, err := pack(doc)
	if err == nil && len(packed) > maxRolloutValue {
		err = &registry.FieldError{Field: "rollout", Reason: fmt.Sprintf("takes %d bytes compressed, more than the %d that fit into a transaction; judge fewer slice fields", len(packed), maxRolloutValue)}
	}
	return packed, err
}

// unpackRollout is the document of a value. JSON never begins like zstd.
func unpackRollout(value []byte) ([]byte, error) {
	if !bytes.HasPrefix(value, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		return value, nil
	}
	return unpack(value)
}

// putRollout writes the document, or removes its key. A repetition of an older
// write that comes late could put an older document back; the one controller of
// a model writes one after the other, so there is none.
func (s *Store) putRollout(ctx context.Context, model string, value []byte, session string) error {
	ctx, cancel := s.request(ctx, s.opts.Timeout)
	defer cancel()
	op := &api.KVTxnOp{Verb: api.KVSet, Key: s.keys.rollout(model), Value: value}
	if len(value) == 0 {
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
