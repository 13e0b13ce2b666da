package registry

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestWeightIsExactToFourDecimals(t *testing.T) {
	for text, want := range map[string]Weight{
		"0": 0, "100": Full, "5": 5_0000, "0.0001": 1, "99.9999": Full - 1, "33.3333": 33_3333, "0.25": 2500,
		"100.0000": Full, "5.00000000000": 5_0000, "1e2": Full, "1E1": 10_0000, "1.5e-1": 1500, "1e-4": 1, "1e-04": 1,
		"0e9": 0, "00.5": 5000, "1000000e-4": Full, ".5": 5000, "5.": 5_0000,
	} {
		got, err := ParseWeight(text)
		if err != nil || got != want {
			t.Errorf("ParseWeight(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestWeightsThatCannotBeExactAreRefused(t *testing.T) {
	for text, words := range map[string]string{
		"33.33333": "more than four decimals; the nearest is 33.3333", "66.66669999999999": "the nearest is 66.6667",
		"1e-5": "more than four decimals; the nearest is 0", "100.0001": "more than 100", "101": "more than 100", "1e60": "more than 100",
		"-1": "negative", "-0": "negative", "": "not a number", "5%": "not a number", "NaN": "not a number", "Inf": "not a number", "0x10": "not a number",
		"1_0": "not a number", "1e999999999999": "not a number", "five": "not a number", "--1": "not a number", ".": "not a number", "e5": "not a number",
		strings.Repeat("9", 1_000_000): "more than 100",
	} {
		_, err := ParseWeight(text)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), words) || len(err.Error()) > 300 {
			t.Errorf("ParseWeight(%.20q): error %v, want one that says %q", text, err, words)
		}
	}
}

func TestEveryWeightSurvivesJSON(t *testing.T) {
	for w := Weight(0); w <= Full; w += 7 {
		data, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		var back Weight
		if err := json.Unmarshal(data, &back); err != nil || back != w {
			t.Fatalf("%d became %s became %d, %v", w, data, back, err)
		}
		// Who reads and writes it as a float gets it back, too.
		f, err := strconv.ParseFloat(string(data), 64)
		if err != nil {
			t.Fatal(err)
		}
		if back, err = ParseWeight(strconv.FormatFloat(f, 'g', -1, 64)); err != nil || back != w {
			t.Fatalf("%s as a float became %d, %v", data, back, err)
		}
	}
}

func TestWeightIsANumberInJSON(t *testing.T) {
	for _, text := range []string{`"5"`, `null`, `true`, `{}`, `[5]`} {
		var arm Arm
		if err := json.Unmarshal([]byte(`{"weight":`+text+`}`), &arm); !errors.Is(err, ErrInvalid) {
			t.Errorf("weight %s: %v", text, err)
		}
	}
}

func TestWeightPrintsOutsideItsRange(t *testing.T) {
	for w, want := range map[Weight]string{-1: "-0.0001", -5_0000: "-5", math.MinInt32: "-214748.3648", math.MaxInt32: "214748.3647"} {
		if got := w.String(); got != want {
			t.Errorf("%d prints as %s, want %s", int32(w), got, want)
		}
	}
	if Weight(2500).Percent() != 0.25 {
		t.Error("Percent")
	}
}

func FuzzParseWeight(f *testing.F) {
	for _, seed := range []string{"5", "0.0001", "1e2", "-1", "99.99999", "1e-64", "..", "e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, err := ParseWeight(text)
		if err != nil {
			return
		}
		if w < 0 || w > Full {
			t.Fatalf("%q became %d", text, w)
		}
		if value, err := strconv.ParseFloat(text, 64); err != nil || math.Abs(value-w.Percent()) > 1e-9 {
			t.Fatalf("%q became %s", text, w)
		}
		if back, err := ParseWeight(w.String()); err != nil || back != w {
			t.Fatalf("%s became %d, %v", w, back, err)
		}
	})
}

// TestRandomSplitsSumExactly is what Weight is for.
func TestRandomSplitsSumExactly(t *testing.T) {
	const seed = 7
	random := rand.New(rand.NewPCG(seed, 0))
	for range 1000 {
		rest, traffic, versions := Full, Traffic{Model: "m", Stable: "0"}, map[string]Version{}
		for i := 0; rest > 0 || i == 0; i++ {
			w := min(rest, Weight(random.IntN(int(Full)/3)))
			name := strconv.Itoa(i)
			versions[name] = Version{}
			traffic.Arms = append(traffic.Arms, Arm{Version: name, Weight: w})
			rest -= w
		}
		data, err := json.Marshal(traffic)
		if err != nil {
			t.Fatal(err)
		}
		var back Traffic
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if err := back.Validate(versions); err != nil {
			t.Fatalf("seed %d: %s: %v", seed, data, err)
		}
	}
}
