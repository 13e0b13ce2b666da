package consul

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/weir-gateway/weir/registry"
)

// maxValue is what Consul takes unless configured otherwise.
const maxValue = 512 << 10

// writtenVersion carries the checksum that shows whether it was changed.
type writtenVersion struct {
	registry.Version
	Checksum string `json:"checksum,omitempty"`
}

// encode writes JSON for people too: without the escapes for HTML. It refuses
// what Consul would not take.
func encode(field string, v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	data := bytes.TrimRight(b.Bytes(), "\n")
	return data, fits(field, len(data))
}

func fits(field string, size int) error {
	if size <= maxValue {
		return nil
	}
	return &registry.FieldError{Field: field, Reason: fmt.Sprintf("takes %d bytes, more than the %d that a value in Consul may have; make it smaller", size, maxValue)}
}

func encodeVersion(v registry.Version) ([]byte, error) {
	sum, err := checksum(v)
	if err != nil {
		return nil, err
	}
	return encode("version", writtenVersion{v, sum})
}

// checksum is the digest of a version's content, its registration included.
func checksum(v registry.Version) (string, error) {
	v.Registered = v.Registered.UTC()
	if len(v.Params) == 0 {
		v.Params = nil
	}
	data, err := encode("version", v)
	return digest(data), err
}

// decodeVersion reads and checks a version; one without a checksum was put
// there by hand, and counts.
func decodeVersion(model, name string, data []byte) (registry.Version, error) {
	var w writtenVersion
	if err := decode(data, &w); err != nil {
		return w.Version, err
	}
	v := w.Version
	if v.Model != model || v.Version != name {
		return v, fmt.Errorf("is about model %q, version %q, which is not what its key says", v.Model, v.Version)
	}
	if err := v.Validate(); err != nil {
		return v, err
	}
	if sum, err := checksum(v); w.Checksum != "" && (err != nil || sum != w.Checksum) {
		return v, errors.New("was changed after it was registered (its checksum does not fit); a version never changes: undo that and register the change as a new version")
	}
	return v, nil
}

func encodeTraffic(t registry.Traffic) ([]byte, error) {
	t.Time = t.Time.UTC()
	return encode("traffic", t)
}

func decodeTraffic(model string, data []byte) (registry.Traffic, error) {
	var t registry.Traffic
	if err := decode(data, &t); err != nil {
		return t, err
	}
	if t.Model != model {
		return t, fmt.Errorf("is about model %q, which is not what its key says", t.Model)
	}
	if t.Generation == 0 {
		return t, errors.New("has no generation; a change by hand takes the next one, or use weir switch or weir split")
	}
	return t, nil
}

// decode reads one document. Fields that it does not know are left alone: while
// gateways are brought up to date one after the other, newer ones write for
// older ones.
func decode(data []byte, into any) error {
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("can't be read: %w", err)
	}
	return nil
}

// digest is a content address.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
