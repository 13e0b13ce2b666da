package file

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/weir-gateway/weir/registry"
)

const (
	suffix  = ".json"   // of every document, and of nothing else in the folder
	maxSize = 256 << 20 // bytes of a document that are read
)

// document is the content of one model's file. It never changes once
// published.
type document struct {
	model   registry.Model
	history []past          // newest first; older ones may be archived
	rollout json.RawMessage // nil: none
}

// past is a generation with the line that it is in the file. Encoding the
// whole history anew was two thirds of the processor time of a commit.
type past struct {
	registry.Traffic
	line string
}

func pastOf(t registry.Traffic) past { return past{Traffic: t, line: line(t)} }

// written is a document as it stands in the file.
type written struct {
	Model    string             `json:"model"`
	Versions []writtenVersion   `json:"versions"`
	Traffic  *registry.Traffic  `json:"traffic"`
	History  []registry.Traffic `json:"history"`
	Rollout  json.RawMessage    `json:"rollout"`
}

// writtenVersion carries the checksum that shows whether it was changed.
type writtenVersion struct {
	registry.Version
	Checksum string `json:"checksum,omitempty"`
}

// encode writes a document for people and for git: indented, in a fixed order,
// and each generation of the history on a line of its own with the newest on
// top, so that a change of traffic shows as one added line. The evidence of
// the current generation is in the history only.
func (d *document) encode() ([]byte, error) {
	e := encoder{}
	e.WriteString("{\n  \"model\": ")
	e.value(d.model.Name, "  ")
	e.WriteString(",\n  \"versions\": ")
	versions := make([]writtenVersion, len(d.model.Versions))
	for i, v := range d.model.Versions {
		versions[i] = writtenVersion{Version: v, Checksum: checksum(v)}
	}
	e.value(versions, "  ")
	if d.model.Traffic != nil {
		traffic := *d.model.Traffic
		traffic.Evidence = nil
		e.WriteString(",\n  \"traffic\": ")
		e.value(traffic, "  ")
		e.WriteString(",\n  \"history\": [")
		for i, generation := range d.history {
			if i > 0 {
				e.WriteByte(',')
			}
			e.WriteString("\n    ")
			e.WriteString(generation.line)
		}
		e.WriteString("\n  ]")
	}
	if d.rollout != nil {
		e.WriteString(",\n  \"rollout\": ")
		e.value(d.rollout, "  ")
	}
	e.WriteString("\n}\n")
	return e.Bytes(), e.err
}

// encoder writes JSON values into a buffer, without the escapes for HTML that
// would make reasons such as "p99 < 20 ms" unreadable.
type encoder struct {
	bytes.Buffer
	err error
}

// value writes a value, on one line where indent is empty.
func (e *encoder) value(v any, indent string) {
	enc := json.NewEncoder(&e.Buffer)
	enc.SetEscapeHTML(false)
	if indent != "" {
		enc.SetIndent(indent, "  ")
	}
	if err := enc.Encode(v); err != nil && e.err == nil {
		e.err = fmt.Errorf("encode: %w", err)
	}
	e.Truncate(len(bytes.TrimRight(e.Bytes(), "\n")))
}

// line is a generation as one line of JSON.
func line(t registry.Traffic) string {
	t.Time = t.Time.UTC()
	var e encoder
	e.value(t, "")
	return e.String()
}

// checksum is the digest of a version's content, its registration included.
func checksum(v registry.Version) string {
	v.Registered = v.Registered.UTC()
	if len(v.Params) == 0 {
		v.Params = nil
	}
	var e encoder
	e.value(v, "")
	return digest(e.Bytes())
}

// digest is a content address.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
