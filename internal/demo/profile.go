package demo

import (
	"bytes"
	"encoding/csv"
	"math"
	"slices"
	"strconv"

	"github.com/weir-gateway/weir/internal/demo/model"
	"github.com/weir-gateway/weir/monitor"
)

// profileRows bounds the rows of a profile: every second flight of four
// months is plenty for 256 quantiles.
const profileRows = 52_000

// buildProfile describes what the version's training pipeline saw, and what
// the model answers to it, the way `weir profile build` does: from a CSV table.
func (v *version) buildProfile() ([]byte, error) {
	var table bytes.Buffer
	if err := v.writeTable(csv.NewWriter(&table)); err != nil {
		return nil, err
	}
	p, err := monitor.BuildProfile(&table, monitor.ProfileOptions{
		Source:  "training data of version " + v.name,
		Outputs: []string{"late", "probability"},
	})
	if err != nil {
		return nil, err
	}
	return p.Encode()
}

func (v *version) writeTable(w *csv.Writer) error {
	var header []string
	numbers, texts := model.NumberNames(), model.TextNames()
	used := func(name string) bool { return v.features == nil || slices.Contains(v.features, name) }
	for _, name := range slices.Concat(numbers[:], texts[:]) {
		if used(name) {
			header = append(header, name)
		}
	}
	if err := w.Write(append(header, "late", "probability")); err != nil {
		return err
	}
	step := max(1, len(v.trained.Rows)/profileRows)
	var record []string
	for i := 0; i < len(v.trained.Rows); i += step {
		r := v.trained.Rows[i]
		record = record[:0]
		for j, x := range r.Numbers {
			if used(numbers[j]) {
				record = append(record, number(x))
			}
		}
		for j, s := range r.Texts {
			if used(texts[j]) {
				record = append(record, s)
			}
		}
		p := v.model.Probability(r)
		late := "0"
		if p >= model.Threshold {
			late = "1"
		}
		if err := w.Write(append(record, late, number(p))); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func number(x float64) string {
	if math.IsNaN(x) {
		return ""
	}
	return strconv.FormatFloat(x, 'g', 9, 64)
}
