package rollout

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
)

const (
	// ledgerPlain is how many bytes of a ledger's JSON are stored as they are.
	// Stores take 256 KiB; a day judged by the slices of four fields is as much,
	// and packed a tenth of it.
	ledgerPlain = 64 << 10
	// ledgerMost bounds what is unpacked.
	ledgerMost = 64 << 20
)

type ledgerFields Ledger

// MarshalJSON writes a large ledger packed: a string with the base64 of what
// gzip makes of its JSON.
func (l *Ledger) MarshalJSON() ([]byte, error) {
	plain, err := json.Marshal((*ledgerFields)(l))
	if err != nil || len(plain) <= ledgerPlain {
		return plain, err
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.DefaultCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(plain); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(packed.Bytes()))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *Ledger) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '"' {
		return json.Unmarshal(data, (*ledgerFields)(l))
	}
	var packed []byte // of a string: its base64
	if err := json.Unmarshal(data, &packed); err != nil {
		return fmt.Errorf("rollout: ledger: %w", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("rollout: ledger: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(z, ledgerMost))
	if err != nil {
		return fmt.Errorf("rollout: ledger: %w", err)
	}
	return json.Unmarshal(plain, (*ledgerFields)(l))
}
