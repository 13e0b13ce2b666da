package config_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/weir-gateway/weir/config"
)

func TestDurationsAreWrittenWithoutEmptyUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                              "0s",
		250 * time.Millisecond:         "250ms",
		10 * time.Minute:               "10m",
		24 * time.Hour:                 "24h",
		90 * time.Second:               "1m30s",
		time.Hour + 30*time.Second:     "1h0m30s",
		-(2*time.Hour + 5*time.Minute): "-2h5m",
	} {
		if got := config.Duration(d).String(); got != want {
			t.Errorf("%v is written %s, want %s", d, got, want)
		}
		if back, err := time.ParseDuration(want); err != nil || back != d {
			t.Errorf("%s reads back as %v, %v", want, back, err)
		}
	}
}

func TestSizesReadBackAsWritten(t *testing.T) {
	for size, want := range map[config.Size]string{0: "0B", 1: "1B", 1 << 10: "1KiB", 1536: "1536B", 4 << 20: "4MiB", 1 << 40: "1024GiB"} {
		text, err := json.Marshal(size)
		if err != nil || string(text) != `"`+want+`"` {
			t.Errorf("%d is written %s, %v", size, text, err)
		}
		var back config.Size
		if err := json.Unmarshal(text, &back); err != nil || back != size {
			t.Errorf("%s reads back as %d, %v", text, back, err)
		}
	}
	for _, text := range []string{`"8EiB"`, `"9223372036854775807KiB"`, `"-1B"`, `"MiB"`, `4`, `""`} {
		var s config.Size
		if err := json.Unmarshal([]byte(text), &s); err == nil {
			t.Errorf("%s is read as %d", text, s)
		}
	}
}
