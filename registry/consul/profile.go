package consul

import (
	"context"
	"fmt"

	"github.com/hashicorp/consul/api"
	"github.com/klauspost/compress/zstd"

	"github.com/weir-gateway/weir/registry"
)

// maxProfile bounds a profile before compression, in bytes, and so the memory
// that a damaged or hostile value can make reading it take.
const maxProfile = 16 << 20

// PutProfile implements [registry.Store].
func (s *Store) PutProfile(ctx context.Context, data []byte) (string, error) {
	if err := s.usable(ctx); err != nil {
		return "", err
	}
	if len(data) == 0 || len(data) > maxProfile {
		return "", fmt.Errorf("registry/consul: put profile: %w",
			&registry.FieldError{Field: "profile", Reason: fmt.Sprintf("has %d bytes; 1 to %d are possible", len(data), maxProfile)})
	}
	packed, err := pack(data)
	if err == nil && len(packed) > maxValue {
		err = errTooLarge(len(data), len(packed))
	}
	if err != nil {
		return "", fmt.Errorf("registry/consul: put profile: %w", err)
	}
	address := digest(data)
	// A value that is there and damaged is written again.
	if _, err := s.Profile(ctx, address); err == nil {
		return address, nil
	}
	err = s.persist(ctx, func() (bool, error) {
		ctx, cancel := s.request(ctx, s.opts.Timeout)
		defer cancel()
		_, err := s.client.KV().Put(&api.KVPair{Key: s.keys.profile(address), Value: packed}, (&api.WriteOptions{}).WithContext(ctx))
		return err == nil, err
	})
	if err != nil {
		return "", wrap("put profile", err)
	}
	return address, nil
}

// Profile implements [registry.Store]. What it returns is checked against the
// digest.
func (s *Store) Profile(ctx context.Context, address string) ([]byte, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	if !registry.IsDigest(address) {
		return nil, fmt.Errorf("registry/consul: profile: %w", &registry.FieldError{Field: "profile", Reason: fmt.Sprintf("%.80q is no digest", address)})
	}
	pair, err := s.get(ctx, s.keys.profile(address))
	if err != nil {
		return nil, wrap("profile "+address, s.explain(ctx, err))
	}
	if pair == nil {
		return nil, fmt.Errorf("registry/consul: profile %s: %w", address, registry.ErrNotFound)
	}
	data, err := unpack(pair.Value)
	if err != nil || digest(data) != address {
		return nil, fmt.Errorf("registry/consul: profile %s: %w", address, &registry.Problem{Place: pair.Key, Err: errDamaged})
	}
	return data, nil
}

func pack(data []byte) ([]byte, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	packed := e.EncodeAll(data, nil)
	return packed, e.Close()
}

func unpack(packed []byte) ([]byte, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxProfile))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(packed, nil)
}
