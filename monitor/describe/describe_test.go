package describe

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestATextHasTheNumbersOneCounts(t *testing.T) {
	for _, c := range []struct {
		text string
		want [TextNumbers]float64 // length, words, mean word, capitals, digits, punctuation, outside of ASCII
	}{
		{"Good, but 2 late!", [TextNumbers]float64{17, 4, 3.5, 1. / 17, 1. / 17, 2. / 17, 0}},
		{"  spaces around\n", [TextNumbers]float64{13, 2, 6, 0, 0, 0, 0}},
		{"Größe 42 €", [TextNumbers]float64{10, 3, 8. / 3, 0.1, 0.2, 0.1, 0.3}},
		{"ΩMEGA", [TextNumbers]float64{5, 1, 5, 1, 0, 0, 0.2}},
		{"良い。", [TextNumbers]float64{3, 1, 3, 0, 0, 1. / 3, 1}},
		{"a\u00a0b", [TextNumbers]float64{3, 2, 1, 0, 0, 0, 1. / 3}}, // a space that breaks no line
	} {
		var got [TextNumbers]float64
		if !Text([]byte(c.text), &got) {
			t.Errorf("%q has no numbers", c.text)
		}
		for i, name := range TextNames() {
			if math.Abs(got[i]-c.want[i]) > 1e-12 {
				t.Errorf("%q: %s is %v, want %v", c.text, name, got[i], c.want[i])
			}
		}
	}
	var none [TextNumbers]float64
	if Text([]byte(" \t\n"), &none) || Text(nil, &none) {
		t.Error("space alone has numbers")
	}
}

func TestOnlyTheBeginningOfALongTextIsLookedAt(t *testing.T) {
	var a, b [TextNumbers]float64
	begin := strings.Repeat("word ", MaxText/5)
	Text([]byte(begin+"x"), &a)
	Text([]byte(begin+"x"+strings.Repeat("9", 1<<20)), &b)
	if a != b || a[0] != MaxText {
		t.Errorf("%v and %v", a, b)
	}
	var cut [TextNumbers]float64
	Text([]byte("x"+strings.Repeat("é", MaxText)), &cut) // the bound is inside of a character
	if want := float64(1 + (MaxText-1)/2); cut[0] != want {
		t.Errorf("%v characters, want %v", cut[0], want)
	}
}

// The directions are part of the format of profiles: they must never change. By the
// generator's definition, SplitMix64 of seed 1 begins with 0x910a2dec89025cc1.
func TestDirectionsAreThoseOfTheSeed(t *testing.T) {
	state := uint64(1)
	if got := splitMix(&state); got != 0x910a2dec89025cc1 {
		t.Fatalf("SplitMix64 of 1 is %#x", got)
	}
	p := NewProjection(4, 3, 1) // signs by the bits of 0xcc1 from the lowest: 100 000 110 011
	got := make([]float64, p.Numbers())
	if !p.Of([]float64{1, 10, 100, 1000}, got) {
		t.Fatal("a vector has no numbers")
	}
	want := []float64{math.Sqrt(1010101), (1 - 10 + 100 - 1000) / 2., (-1 - 10 + 100 + 1000) / 2., (-1 - 10 - 100 + 1000) / 2.}
	for i, name := range p.Names() {
		if math.Abs(got[i]-want[i]) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, got[i], want[i])
		}
	}
}

// Of vectors with independent elements of variance 1 every component has variance 1.
func TestComponentsKeepTheScale(t *testing.T) {
	const seed, n, dims = 5, 4000, 384
	rng := rand.New(rand.NewPCG(seed, 0))
	p := NewProjection(dims, 8, 1)
	out, v := make([]float64, p.Numbers()), make([]float64, dims)
	squares := make([]float64, p.Numbers())
	for range n {
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		p.Of(v, out)
		for k, x := range out {
			squares[k] += x * x / n
		}
	}
	if math.Abs(squares[0]/dims-1) > 0.01 {
		t.Errorf("seed %d: mean square of the norm is %v", seed, squares[0])
	}
	for k, s := range squares[1:] { // standard error √(2/4000) = 0.022
		if math.Abs(s-1) > 0.1 {
			t.Errorf("seed %d: variance of component %d is %v", seed, k+1, s)
		}
	}
}

func TestWhatIsNoVectorOfTheDimensionsHasNoNumbers(t *testing.T) {
	p := NewProjection(3, 2, 1)
	out := make([]float64, p.Numbers())
	for _, v := range [][]float64{nil, {1, 2}, {1, 2, 3, 4}, {1e300, 1e300, 1}, {math.NaN(), 0, 0}} {
		if p.Of(v, out) {
			t.Errorf("%v: %v", v, out)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("Größe 42 €"))
	f.Add([]byte(strings.Repeat("é", MaxText)))
	f.Fuzz(func(t *testing.T, text []byte) {
		var n [TextNumbers]float64
		if !Text(text, &n) {
			return
		}
		if n[0] < 1 || n[0] > MaxText || n[1] < 1 || n[1] > n[0] || n[2] < 1 || n[2] > n[0] {
			t.Fatalf("%q: %v", text, n)
		}
		for i, share := range n[3:] {
			if !(share >= 0 && share <= 1) {
				t.Fatalf("%q: %s is %v", text, TextNames()[3+i], share)
			}
		}
		if utf8.Valid(text) && len(text) <= MaxText && n[0] != float64(utf8.RuneCount([]byte(strings.TrimSpace(string(text))))) {
			t.Fatalf("%q: %v characters", text, n[0])
		}
	})
}

func BenchmarkText(b *testing.B) {
	text := []byte(strings.Repeat("The flight was 2 hours late. ", 8))
	var out [TextNumbers]float64
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Text(text, &out)
	}
}

func BenchmarkProjection(b *testing.B) {
	p := NewProjection(384, 8, 1)
	v, out := make([]float64, 384), make([]float64, p.Numbers())
	b.ReportAllocs()
	for b.Loop() {
		p.Of(v, out)
	}
}
