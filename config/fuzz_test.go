package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/weir-gateway/weir/config"
)

// FuzzParse holds Parse to its promise: whatever the bytes, either a checked
// configuration or faults that each have a place and a sentence.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"*.good.yaml", "*.bad.yaml"} {
		found, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range found {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse("fuzz.yaml", data)
		if err == nil {
			if len(c.Models) == 0 {
				t.Error("loaded without a model")
			}
			if changes := config.Diff(c, c); len(changes) > 0 {
				t.Errorf("differs from itself: %v", changes)
			}
			return
		}
		var all config.Errors
		if !errors.As(err, &all) || len(all) == 0 || c != nil {
			t.Fatalf("got %T and %v", err, c)
		}
		for _, e := range all {
			if e.Line < 1 || e.Column < 1 || e.Rule == "" || e.Message == "" {
				t.Errorf("incomplete fault %+v", e)
			}
		}
	})
}
