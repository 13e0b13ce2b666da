package file

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weir-gateway/weir/registry"
)

// segment is how many generations move into one file of the archive. A
// document holds fewer than two segments.
const segment = 128

// archive moves the oldest generations out of a document that has grown too
// long. They are durable in the archive before the document goes without them;
// killed between, they are in both, which reading does not mind.
func (s *Store) archive(doc *document) error {
	for len(doc.history) >= 2*segment {
		cut := len(doc.history) - segment
		old := slices.Clone(doc.history[cut:])
		slices.Reverse(old) // in a file that never changes, reading order
		var b bytes.Buffer
		for _, t := range old {
			b.WriteString(t.line)
			b.WriteByte('\n')
		}
		dir := s.archiveDir(doc.model.Name)
		if err := s.makeDir(dir); err != nil {
			return err
		}
		name := fmt.Sprintf("%010d-%010d.jsonl", old[0].Generation, old[segment-1].Generation)
		if _, err := s.replace(filepath.Join(dir, name), b.Bytes()); err != nil {
			return err
		}
		doc.history = slices.Clip(doc.history[:cut])
	}
	return nil
}

func (s *Store) archiveDir(model string) string { return filepath.Join(s.dir, "history", model) }

// History implements [registry.Store].
func (s *Store) History(ctx context.Context, model string, limit int) ([]registry.Traffic, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	doc := s.document(model)
	if doc == nil {
		return nil, unknownModel("history", model)
	}
	if limit <= 0 {
		limit = int(^uint(0) >> 1)
	}
	history := make([]registry.Traffic, 0, min(limit, len(doc.history)))
	for _, t := range doc.history[:min(limit, len(doc.history))] {
		history = append(history, t.Clone())
	}
	if len(history) < limit && len(history) > 0 && history[len(history)-1].Generation > 1 {
		older, err := s.archived(ctx, model, history[len(history)-1].Generation, limit-len(history))
		if err != nil {
			return nil, fmt.Errorf("registry/file: history %s: %w", model, err)
		}
		history = append(history, older...)
	}
	return history, nil
}

// archived reads at most limit generations below one, newest first.
func (s *Store) archived(ctx context.Context, model string, below uint64, limit int) ([]registry.Traffic, error) {
	dir := s.archiveDir(model)
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("generations below %d are in an archive that cannot be read: %w", below, err)
	}
	var history []registry.Traffic
	for _, f := range slices.Backward(files) { // by name, which is by generation
		if !strings.HasSuffix(f.Name(), ".jsonl") || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		old, err := readSegment(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		for _, t := range slices.Backward(old) {
			if t.Generation >= below {
				continue
			}
			if t.Generation != below-1 {
				return nil, fmt.Errorf("%s: generation %d is missing from the archive; put its file back", dir, below-1)
			}
			history = append(history, t)
			if below = t.Generation; len(history) == limit {
				return history, nil
			}
		}
	}
	if below > 1 {
		return nil, fmt.Errorf("%s: generation %d is missing from the archive; put its file back", dir, below-1)
	}
	return history, nil
}

func readSegment(path string) ([]registry.Traffic, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var old []registry.Traffic
	for i, text := range bytes.Split(bytes.TrimSpace(data), []byte{'\n'}) {
		var t registry.Traffic
		if err := json.Unmarshal(text, &t); err != nil {
			return nil, fmt.Errorf("%s:%d: not a generation: %w", path, i+1, err)
		}
		old = append(old, t)
	}
	return old, nil
}

// setAside keeps what stands in a refused document, for whoever edited it.
func (s *Store) setAside(name string) error {
	data, err := os.ReadFile(s.path(name))
	if isGone(err) || err == nil && len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	aside := s.path(name) + ".rejected"
	if _, err := s.replace(aside, data); err != nil {
		return err
	}
	s.log.Warn("a change overwrites a document that was refused; its text is kept", "model", name, "file", aside)
	return nil
}
