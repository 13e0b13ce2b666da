package monitor

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weir-gateway/weir/protocol"
)

// remark draws a comment in a language, of about so many words.
func remark(rng *rand.Rand, language []string, words int) string {
	out := make([]string, 1+min(int(rng.ExpFloat64()*float64(words)), 500))
	for i := range out {
		out[i] = language[rng.IntN(len(language))]
	}
	s := strings.Join(out, " ")
	if rng.IntN(3) == 0 {
		s += "!"
	}
	if rng.IntN(4) == 0 {
		s = fmt.Sprint(rng.IntN(100), " ", s)
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func english() []string {
	return strings.Fields("the flight was late again and nobody told us why we missed our connection in a crowded hall good crew though")
}

func german() []string {
	return strings.Fields("der Flug war schon wieder verspätet und niemand sagte uns warum wir unseren Anschluss verpassten gute Besatzung übrigens")
}

// recordedRow is a row of a table with a text and an embedding of four dimensions.
type recordedRow struct {
	comment string
	vector  []float64
	origin  string
}

func drawRow(rng *rand.Rand) recordedRow {
	r := recordedRow{comment: remark(rng, english(), 8), origin: []string{"JFK", "EWR"}[rng.IntN(2)]}
	for range 4 {
		r.vector = append(r.vector, math.Round(1000*rng.NormFloat64())/1000)
	}
	return r
}

func (r recordedRow) list() string {
	b, _ := json.Marshal(r.vector) // numbers can be marshalled
	return string(b)
}

func tableOf(rows []recordedRow) string {
	var b strings.Builder
	b.WriteString("comment,vector,origin\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "%q,%q,%s\n", r.comment, r.list(), r.origin)
	}
	return b.String()
}

func (r recordedRow) exchange() *Exchange {
	comment, _ := json.Marshal(r.comment)
	return &Exchange{Version: "1", Status: 200, Request: body(fmt.Sprintf(`[{"comment":%s,"vector":%s,"origin":%q}]`, comment, r.list(), r.origin))}
}

func describedProfile(t testing.TB, rows []recordedRow, slices ...string) *Profile {
	t.Helper()
	p, err := BuildProfile(strings.NewReader(tableOf(rows)), ProfileOptions{Text: []string{"comment"}, Embeddings: []string{"vector"}, Slices: slices})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func plainJSON(t testing.TB) protocol.Protocol {
	t.Helper()
	p, err := protocol.New("json", protocol.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTextsAndEmbeddingsOfATableBecomeNumbers(t *testing.T) {
	p := describedProfile(t, []recordedRow{
		{"Good crew", []float64{1, 2, 2, 0}, "JFK"}, {"2 late", []float64{0, 3, 0, 4}, "EWR"}, {"", []float64{1}, "EWR"}, {"", []float64{}, "EWR"},
	})
	var names []string
	for _, f := range p.Features {
		names = append(names, f.Name)
	}
	want := "comment.length comment.words comment.mean_word comment.upper comment.digits comment.punctuation comment.non_ascii " +
		"vector.norm vector.p1 vector.p2 vector.p3 vector.p4 vector.p5 vector.p6 vector.p7 vector.p8 origin"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("features %s", got)
	}
	if diff := cmp.Diff([]Derivation{
		{Column: "comment", Role: "input", Kind: "text"},
		{Column: "vector", Role: "input", Kind: "embedding", Dims: 4, Directions: 8, Seed: 1},
	}, p.Derived); diff != "" {
		t.Error(diff)
	}
	length, norm, upper := profiled(t, p, "comment.length"), profiled(t, p, "vector.norm"), profiled(t, p, "comment.upper")
	if length.Count != 2 || length.Missing != 2 || length.Numeric.Mean != 7.5 || !length.Numeric.Integer || upper.Numeric.Integer {
		t.Errorf("length: %+v %+v", length, length.Numeric)
	}
	if norm.Count != 2 || norm.Invalid != 1 || norm.Missing != 1 || norm.Numeric.Mean != 4 {
		t.Errorf("norm: %+v %+v", norm, norm.Numeric)
	}
	encoded, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := DecodeProfile(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, again); diff != "" {
		t.Error(diff)
	}
}

// The same rows from a file and from requests are the same numbers.
func TestALiveWindowHasTheNumbersOfTheTable(t *testing.T) {
	const seed = 3
	rng := rand.New(rand.NewPCG(seed, 0))
	var rows []recordedRow
	for range 500 {
		rows = append(rows, drawRow(rng))
	}
	want := describedProfile(t, rows)
	r := newRig(t, func(o *Options) {
		o.Protocol, o.Text = plainJSON(t), []string{"comment"}
	})
	if err := r.SetProfile("1", want); err != nil { // for the center of the vectors
		t.Fatal(err)
	}
	var reader reader
	for _, row := range rows {
		r.handle(&reader, row.exchange())
	}
	got, err := r.Profile("1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Derived, got.Derived); diff != "" {
		t.Error(diff)
	}
	if len(got.Features) != len(want.Features) {
		t.Errorf("%d features, want %d", len(got.Features), len(want.Features))
	}
	for _, w := range want.Features {
		g := profiled(t, got, w.Name)
		if w.Numeric == nil {
			continue
		}
		if w.Name == "vector.center" { // not of the rows it was taken from
			if w.Count != 500-centerRows || g.Count != 500 || math.Abs(g.Numeric.Mean-w.Numeric.Mean) > 0.4 {
				t.Errorf("seed %d: %+v, in the table %+v", seed, g.Numeric, w.Numeric)
			}
			continue
		}
		if g.Count != w.Count || math.Abs(g.Numeric.Mean-w.Numeric.Mean) > 1e-9 || g.Numeric.Min != w.Numeric.Min || g.Numeric.Integer != w.Numeric.Integer {
			t.Errorf("seed %d: %s: %+v, in the table %+v", seed, w.Name, g.Numeric, w.Numeric)
		}
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
}

// A column counts once as missing or as of another type, whatever is made of it: the
// detectors are 4 of the first feature, 2 of each other and 4 of origin.
func TestTheBudgetCountsEveryDetectorOfADerivedFeatureOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	var rows []recordedRow
	for range 400 {
		rows = append(rows, drawRow(rng))
	}
	ref, err := newReference(describedProfile(t, rows), referenceProfile)
	if err != nil {
		t.Fatal(err)
	}
	if want := (4 + 6*2) + (4 + 9*2) + 4; ref.detectors != want {
		t.Errorf("%d detectors, want %d", ref.detectors, want)
	}
	built := 0
	for _, f := range ref.features {
		d := newDetectors(f, 1000)
		built += len(d.stateful())
	}
	if built != ref.detectors {
		t.Errorf("%d detectors are made, %d counted", built, ref.detectors)
	}
}

func TestAFileAndRequestsRingTheSameAlarms(t *testing.T) {
	const seed = 6
	rng := rand.New(rand.NewPCG(seed, 0))
	var rows, stream []recordedRow
	for range 2000 {
		rows = append(rows, drawRow(rng))
	}
	for i := range 1500 {
		row := drawRow(rng)
		if i >= 500 {
			row.comment = remark(rng, german(), 8)
		}
		if i >= 1000 {
			row.vector = row.vector[:3]
		}
		stream = append(stream, row)
	}
	p := describedProfile(t, rows)
	b, err := RunBacktest(p, strings.NewReader(tableOf(stream)), BacktestOptions{FalseAlarmEvery: 1e4, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(o *Options) { o.Protocol, o.FalseAlarmEvery, o.Seed = plainJSON(t), 1e4, 7 })
	if err := r.SetProfile("1", p); err != nil {
		t.Fatal(err)
	}
	var reader reader
	for _, row := range stream {
		r.handle(&reader, row.exchange())
	}
	// Ranks at ties are drawn in another order, as a file's rows come in batches.
	first, live := map[string]uint64{}, map[string]uint64{}
	for _, a := range r.alarms {
		if name := a.Feature + " " + a.Kind; live[name] == 0 {
			live[name] = a.Observation
		}
	}
	for _, a := range b.Alarms {
		if name := a.Feature + " " + a.Kind; first[name] == 0 {
			first[name] = a.At
			if at := live[name]; at < a.At-50 || at > a.At+50 {
				t.Errorf("seed %d: %s at row %d of the file, at request %d", seed, name, a.At, at)
			}
		}
		if a.At <= 500 {
			t.Errorf("seed %d: %+v before anything changed", seed, a)
		}
		if a.Kind == alarmType && a.Feature != "vector.norm" {
			t.Errorf("%+v says again what vector.norm says", a)
		}
	}
	if len(first) != len(live) {
		t.Errorf("seed %d: %v in the file, %v in requests", seed, first, live)
	}
	if at := first["comment.non_ascii distribution"]; at == 0 || at > 700 {
		t.Errorf("seed %d: another language at row 500 is found at %d: %v", seed, at, first)
	}
	if at := first["vector.norm type"]; at == 0 || at > 1050 {
		t.Errorf("seed %d: other dimensions at row 1000 are found at %d: %v", seed, at, first)
	}
}

func TestWhatIsNoTextOrNoVectorIsCounted(t *testing.T) {
	for _, c := range []struct {
		row                                string
		missing, invalid, gone, violations uint64 // of comment.length, then of vector.norm
	}{
		{`{"comment":"ok","vector":[1,2,3,4]}`, 0, 0, 0, 0},
		{`{"comment":null,"vector":null}`, 1, 0, 1, 0},
		{`{"other":1}`, 1, 0, 1, 0},
		{`{"comment":" ","vector":[]}`, 1, 0, 1, 0},
		{`{"comment":7,"vector":[1,2,3]}`, 0, 1, 0, 1},
		{`{"comment":[1],"vector":[1,2,3,4,5]}`, 1, 0, 0, 1},
		{`{"comment":"ok","vector":"[1,2,3,4]"}`, 0, 0, 0, 1},
		{`{"comment":"ok","vector":[[1,2],[3,4]]}`, 0, 0, 0, 1},
		{`{"comment":"ok","vector":[1,2,null,4]}`, 0, 0, 0, 1},
		{`{"comment":"ok","vector":[1,2,"x",4]}`, 0, 0, 0, 1},
	} {
		rig := newRig(t, func(o *Options) {
			o.Protocol, o.Text, o.Embeddings = plainJSON(t), []string{"comment"}, map[string]int{"vector": 4}
		})
		var reader reader
		// The first exchange makes the features, so that they can be missing in the second.
		for _, row := range []string{`{"comment":"Fine","vector":[1,1,1,1]}`, c.row} {
			rig.handle(&reader, &Exchange{Version: "1", Status: 200, Request: body(`[` + row + `]`)})
		}
		s, err := rig.Summary("1", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range s.Features {
			switch {
			case f.Name == "comment.length" && (f.Missing != c.missing || f.Invalid != c.invalid),
				f.Name == "vector.norm" && (f.Missing != c.gone || f.Invalid != c.violations):
				t.Errorf("%s: %s has %d missing, %d invalid", c.row, f.Name, f.Missing, f.Invalid)
			case f.Name == "comment" || strings.HasPrefix(f.Name, "vector["):
				t.Errorf("%s: feature %s is there too", c.row, f.Name)
			}
		}
	}
}

// A profile that was built before the configuration asked for numbers keeps its
// feature, and the numbers are named as what the reference lacks.
func TestAColumnThatTheProfileHasAsItIsStaysToo(t *testing.T) {
	var table strings.Builder
	table.WriteString("comment\n")
	for i := range 200 {
		fmt.Fprintf(&table, "text %d\n", i%10)
	}
	p, err := BuildProfile(strings.NewReader(table.String()), ProfileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(o *Options) { o.Protocol, o.Text = plainJSON(t), []string{"comment"} })
	if err := r.SetProfile("1", p); err != nil {
		t.Fatal(err)
	}
	var reader reader
	r.handle(&reader, &Exchange{Version: "1", Status: 200, Request: body(`[{"comment":"text 3","comment.length":9}]`)})
	s, err := r.Summary("1", "")
	if err != nil {
		t.Fatal(err)
	}
	if f := s.Features[0]; f.Name != "comment" || f.Count != 1 || f.Unseen != 0 {
		t.Errorf("%+v", f)
	}
	if f := s.Features[1]; f.Name != "comment.length" || *f.Mean != 6 { // and not the client's 9
		t.Errorf("%+v", f)
	}
	if s.Skew == nil || !slices.Contains(s.Skew.Unexpected, "comment.length") || len(s.Skew.Absent) != 0 {
		t.Errorf("%+v", s.Skew)
	}
}

func TestSlicesHaveDerivedFeaturesOfTheirOwn(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 0))
	var rows []recordedRow
	for range 600 {
		rows = append(rows, drawRow(rng))
	}
	p := describedProfile(t, rows, "origin")
	r := newRig(t, func(o *Options) { o.Protocol, o.Slices = plainJSON(t), []string{"origin"} })
	if err := r.SetProfile("1", p); err != nil {
		t.Fatal(err)
	}
	var reader reader
	for range 300 {
		r.handle(&reader, drawRow(rng).exchange())
	}
	s, err := r.Summary("1", "origin=JFK")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(s.Features, func(f FeatureSummary) bool { return f.Name == "vector.p3" })
	if i < 0 || s.Features[i].Count < 100 || len(s.Features[i].Scores) == 0 {
		t.Errorf("%+v", s.Features)
	}
}

func TestDescribingDoesNotAllocate(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 0))
	var rows []recordedRow
	for range 400 {
		rows = append(rows, drawRow(rng))
	}
	r := newRig(t, func(o *Options) { o.Protocol, o.FalseAlarmEvery = plainJSON(t), 1e12 })
	if err := r.SetProfile("1", describedProfile(t, rows)); err != nil {
		t.Fatal(err)
	}
	v := r.version("1", r.clock.Now())
	var batches []*protocol.Batch
	for _, row := range rows {
		b := &protocol.Batch{}
		if err := r.o.Protocol.DecodeRequest(b, row.exchange().Request); err != nil {
			t.Fatal(err)
		}
		batches = append(batches, b)
	}
	i := 0
	describe := func() { v.in.apply(batches[i%len(batches)], &r.pass.cells[0]); i++ }
	describe()
	if n := testing.AllocsPerRun(2000, describe); n != 0 {
		t.Errorf("%v allocations a row", n)
	}
}

func TestProfilesOfColumnsThatAreNotWhatIsSaidAreNamed(t *testing.T) {
	for _, c := range []struct {
		table, words string
		o            ProfileOptions
	}{
		{"v,a\nx,1\n", `column "v" has no list of numbers`, ProfileOptions{Embeddings: []string{"v"}}},
		{"v,a\nx,1\n", `column "v" is two of a category, a text and an embedding`, ProfileOptions{Embeddings: []string{"v"}, Text: []string{"v"}}},
		{"v,a\nx,1\n", `there is no column "w"`, ProfileOptions{Text: []string{"w"}}},
		{"v,v.length\nx,1\n", `"v.length": the same input as features[0]`, ProfileOptions{Text: []string{"v"}}},
	} {
		if _, err := BuildProfile(strings.NewReader(c.table), c.o); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%v, want %s", err, c.words)
		}
	}
	const feature = `"features":[{"name":"c.length","role":"input","kind":"categorical","count":1,"missing":0,"categorical":{"categories":[{"value":"x","count":1}]}}]}`
	for derived, words := range map[string]string{
		`{"column":"","role":"input","kind":"text"}`:                                              "column is empty",
		`{"column":"d","role":"x","kind":"text"}`:                                                 `role is "x"`,
		`{"column":"d","role":"input","kind":"text","dims":3}`:                                    `kind is "text"`,
		`{"column":"d","role":"input","kind":"image"}`:                                            `kind is "image"`,
		`{"column":"d","role":"input","kind":"embedding","dims":1000000,"directions":8}`:          "dims is 1000000",
		`{"column":"d","role":"input","kind":"embedding","dims":3,"directions":99}`:               "directions is 99",
		`{"column":"d","role":"input","kind":"embedding","dims":3,"directions":8,"center":[1]}`:   "center has 1 numbers, want 3",
		`{"column":"c","role":"input","kind":"text"}`:                                             `feature "c.length" is categorical`,
		`{"column":"d","role":"input","kind":"text"},{"column":"d","role":"input","kind":"text"}`: "is there twice",
	} {
		_, err := DecodeProfile([]byte(`{"weir_profile":1,"source":"","created":"2026-01-01T00:00:00Z","rows":1,"derived":[` + derived + `],` + feature))
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %s", derived, err, words)
		}
	}
}

func TestTheEvidenceOfDerivedFeaturesSurvivesARestart(t *testing.T) {
	const seed = 10
	rng := rand.New(rand.NewPCG(seed, 0))
	var rows []recordedRow
	for range 1000 {
		rows = append(rows, drawRow(rng))
	}
	p := describedProfile(t, rows)
	one := newRig(t, func(o *Options) { o.Protocol = plainJSON(t) })
	two := newRig(t, func(o *Options) { o.Protocol = plainJSON(t) })
	var reader reader
	for _, r := range []*rig{one, two} {
		if err := r.SetProfile("1", p); err != nil {
			t.Fatal(err)
		}
	}
	for range 300 {
		row := drawRow(rng)
		row.comment = remark(rng, german(), 8)
		one.handle(&reader, row.exchange())
	}
	state, err := one.State()
	if err != nil {
		t.Fatal(err)
	}
	if err := two.Restore(state); err != nil {
		t.Fatal(err)
	}
	a, _ := one.Summary("1", "")
	b, _ := two.Summary("1", "")
	rang := false
	for i, x := range a.Features {
		y := b.Features[i]
		rang = rang || x.AlarmsTotal > 0
		if x.Name != y.Name || x.EvidenceLog10 != y.EvidenceLog10 || x.Count != y.Count || x.AlarmsTotal != y.AlarmsTotal {
			t.Errorf("seed %d: %+v and %+v", seed, x, y)
		}
	}
	if !rang {
		t.Errorf("seed %d: nothing rang", seed)
	}
}

// A candidate that follows the stable version makes the same numbers as it.
func TestTheStableVersionsWindowTellsItsDerivations(t *testing.T) {
	const seed = 11
	rng := rand.New(rand.NewPCG(seed, 0))
	r := newRig(t, func(o *Options) {
		o.Protocol, o.FollowStable = plainJSON(t), true
		o.Text, o.Embeddings = []string{"comment"}, map[string]int{"vector": 4}
	})
	r.SetStable("1")
	var reader reader
	for range followRows + 100 {
		x := drawRow(rng).exchange()
		r.handle(&reader, x)
		x.Version = "2"
		r.handle(&reader, x)
	}
	s, err := r.Summary("2", "")
	if err != nil {
		t.Fatal(err)
	}
	if s.Reference == nil || s.Reference.Guarantee.Detectors != 16+20+4 || s.Skew != nil {
		t.Errorf("seed %d: %+v, %+v", seed, s.Reference, s.Skew)
	}
}
