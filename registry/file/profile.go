package file

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-gateway/weir/registry"
)

// maxProfile bounds a profile before compression, in bytes, and so the memory
// that a damaged or hostile file can make reading it take.
const maxProfile = 16 << 20

// PutProfile implements [registry.Store].
func (s *Store) PutProfile(ctx context.Context, data []byte) (string, error) {
	if len(data) == 0 || len(data) > maxProfile {
		return "", fmt.Errorf("registry/file: put profile: %w",
			&registry.FieldError{Field: "profile", Reason: fmt.Sprintf("has %d bytes; 1 to %d are possible", len(data), maxProfile)})
	}
	address := digest(data)
	// A file that is there and damaged is written again.
	if _, err := s.Profile(ctx, address); err == nil {
		return address, nil
	}
	give, err := s.take(ctx)
	if err != nil {
		return "", err
	}
	defer give()
	release, err := s.acquire(ctx)
	if err != nil {
		return "", fmt.Errorf("registry/file: put profile: %w", err)
	}
	defer release()
	if err := s.putProfile(address, data); err != nil {
		return "", fmt.Errorf("registry/file: put profile: %w", err)
	}
	return address, nil
}

func (s *Store) putProfile(address string, data []byte) error {
	path := s.profilePath(address)
	if err := s.makeDir(filepath.Dir(path)); err != nil {
		return err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	packed := enc.EncodeAll(data, nil)
	if err := enc.Close(); err != nil {
		return err
	}
	_, err = s.replace(path, packed)
	return err
}

// Profile implements [registry.Store]. What it returns is checked against the
// digest.
func (s *Store) Profile(ctx context.Context, address string) ([]byte, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	if !registry.IsDigest(address) {
		return nil, fmt.Errorf("registry/file: profile: %w", &registry.FieldError{Field: "profile", Reason: fmt.Sprintf("%.80q is no digest", address)})
	}
	path := s.profilePath(address)
	packed, err := os.ReadFile(path)
	if isGone(err) {
		return nil, fmt.Errorf("registry/file: profile %s: %w", address, registry.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("registry/file: profile: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxProfile))
	if err != nil {
		return nil, fmt.Errorf("registry/file: profile: %w", err)
	}
	defer dec.Close()
	data, err := dec.DecodeAll(packed, nil)
	if err != nil || digest(data) != address {
		return nil, fmt.Errorf("registry/file: profile %s is damaged (%s does not hold what its name says); put the profile again", address, path)
	}
	return data, nil
}

func (s *Store) profilePath(address string) string {
	return filepath.Join(s.dir, "profiles", strings.TrimPrefix(address, "sha256:")+".json.zst")
}
