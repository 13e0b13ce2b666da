package monitor

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

const smallTable = "\uFEFFage, income ,city,code,flag,late\n" +
	"1,10.5,Oslo,007,true,0\n" +
	"2,NA,Rome,012,false,1\n" +
	"3,1e400,Oslo,100,True,0\n" +
	",12.5,Oslo,007,true,0\n"

func profiled(t *testing.T, p *Profile, name string) ProfileFeature {
	t.Helper()
	for _, f := range p.Features {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no feature %s", name)
	return ProfileFeature{}
}

func TestATableBecomesAProfile(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := mustProfile(t, smallTable, ProfileOptions{
		Source: "train.csv", Outputs: []string{"late"}, Categorical: []string{"code"},
		Columns: map[string]string{"income": "predict[1]"}, Now: func() time.Time { return now },
	})
	if p.Rows != 4 || p.Source != "train.csv" || !p.Created.Equal(now) || len(p.Features) != 6 {
		t.Fatalf("%+v", p)
	}
	age := profiled(t, p, "age")
	if age.Role != "input" || age.Kind != "numeric" || age.Count != 3 || age.Missing != 1 || !age.Numeric.Integer ||
		age.Numeric.Min != 1 || age.Numeric.Max != 3 || age.Numeric.Mean != 2 {
		t.Errorf("age %+v %+v", age, age.Numeric)
	}
	if income := profiled(t, p, "predict[1]"); income.Count != 2 || income.Missing != 1 || income.Invalid != 1 || income.Numeric.Integer {
		t.Errorf("income %+v", income)
	}
	if city := profiled(t, p, "city"); city.Kind != "categorical" || fmt.Sprint(city.Categorical.Categories) != "[{Oslo 3} {Rome 1}]" {
		t.Errorf("city %+v", city.Categorical)
	}
	if code := profiled(t, p, "code"); fmt.Sprint(code.Categorical.Categories) != "[{007 2} {012 1} {100 1}]" {
		t.Errorf("code %+v", code.Categorical)
	}
	if flag := profiled(t, p, "flag"); flag.Kind != "numeric" || flag.Numeric.Mean != 0.75 {
		t.Errorf("flag %+v", flag.Numeric)
	}
	if late := profiled(t, p, "late"); late.Role != "output" || fmt.Sprint(late.Categorical.Categories) != "[{0 3} {1 1}]" {
		t.Errorf("late %+v", late.Categorical)
	}
}

func TestProfilesSurviveTheirEncoding(t *testing.T) {
	p := mustProfile(t, smallTable, ProfileOptions{Outputs: []string{"late"}})
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeProfile(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p, back); d != "" {
		t.Error(d)
	}
	again, err := back.Encode()
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("encoded again it differs: %v", err)
	}
}

func TestBrokenTablesAreNamed(t *testing.T) {
	for _, c := range []struct {
		table string
		o     ProfileOptions
		words string
	}{
		{"", ProfileOptions{}, "table: it is empty"},
		{"a,b\n", ProfileOptions{}, "no rows"},
		{"a,a\n1,2\n", ProfileOptions{}, `columns 1 and 2 are both named "a"`},
		{"a,b\n1,2\n3\n", ProfileOptions{}, "row 2: record on line 3: wrong number of fields"},
		{"a,b\n1,\"2\n", ProfileOptions{}, "row 1"},
		{"a,b\n1,2\n", ProfileOptions{Outputs: []string{"c"}}, `there is no column "c": the table has a, b`},
		{"a\n1\n", ProfileOptions{Ignore: []string{"a"}}, "features is empty"},
		{"a,b\n1,2\n", ProfileOptions{Columns: map[string]string{"a": "b"}}, "the same input as"},
	} {
		if _, err := BuildProfile(strings.NewReader(c.table), c.o); !errors.Is(err, ErrProfile) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%q: error %v, want one with %q", c.table, err, c.words)
		}
	}
}

func TestBrokenProfilesNameThePlaceAndTheMend(t *testing.T) {
	good, err := mustProfile(t, "age,city\n1,Oslo\n2,Rome\n", ProfileOptions{}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, words string }{
		{"}", "", "line "},
		{`"weir_profile":1`, `"weir_profile":2`, "weir_profile is 2, this version reads 1"},
		{`"weir_profile":1`, `"weir_profile":"1"`, "line 1 column"},
		{`"rows"`, `"rowz"`, `unknown field "rowz"`},
		{`"points":[1,2]`, `"points":[2,1]`, `features[0] "age": sketch: grid: points[1] = 1 does not rise`},
		{`"sample":2`, `"sample":3`, "add up to 2, sample is 3"},
		{`"kind":"numeric"`, `"kind":"number"`, `kind is "number"`},
		{`"role":"input"`, `"role":"inputs"`, `role is "inputs"`},
		{`"name":"age"`, `"name":""`, "name is empty"},
		{`"name":"age"`, `"name":"city"`, "the same input as features[0]"},
		{`"value":"Oslo"`, `"value":"Rome"`, "there twice"},
		{`"value":"Oslo","count":1`, `"value":"Oslo","count":2`, "add up to 3, count is 2"},
		{`"at":[1,1]`, `"at":[1,99999999999999999]`, "a count is above"},
	} {
		broken := strings.Replace(string(good), c.old, c.new, 1)
		if broken == string(good) {
			t.Fatalf("%q is not in %s", c.old, good)
		}
		_, err := DecodeProfile([]byte(broken))
		if !errors.Is(err, ErrProfile) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: error %v, want one with %q", c.new, err, c.words)
		}
		if err != nil && !strings.Contains(err.Error(), rebuild) && !strings.Contains(err.Error(), "remove") {
			t.Errorf("%v names no mend", err)
		}
	}
}

func TestAProfileOf200FeaturesIsSmall(t *testing.T) {
	const features, rows, limit = 200, 3000, 256 << 10
	rng := rand.New(rand.NewPCG(31, 0))
	for kinds, value := range map[string]func(i int) string{
		"numbers": func(i int) string { return fmt.Sprint(math.Exp(rng.NormFloat64()) * math.Pow(10, float64(i%7-3))) },
		"mixed": func(i int) string {
			switch i % 4 {
			case 0:
				return fmt.Sprint("category-", rng.IntN(12))
			case 1:
				return fmt.Sprint("code-", rng.IntN(600)) // more than a profile counts
			case 2:
				return fmt.Sprint(rng.IntN(100_000))
			}
			return fmt.Sprint(rng.NormFloat64())
		},
	} {
		columns := make([]*valueBuilder, features)
		for i := range columns {
			columns[i] = newValueBuilder(fmt.Sprint("feature_", i), uint64(i))
			for range rows {
				columns[i].add(value(i), nil)
			}
		}
		smaller(t, kinds, columns, rows, limit)
	}
}

func smaller(t *testing.T, kinds string, columns []*valueBuilder, rows uint64, limit int) {
	t.Helper()
	p := &Profile{Format: profileFormat, Rows: rows}
	for _, c := range columns {
		p.Features = append(p.Features, c.feature())
	}
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	size := len(encoder.EncodeAll(data, nil))
	t.Logf("%s: %d bytes of JSON, %d compressed", kinds, len(data), size)
	if size > limit {
		t.Errorf("%s: %d bytes compressed, at most %d", kinds, size, limit)
	}
	if _, err := DecodeProfile(data); err != nil {
		t.Error(err)
	}
}

func TestLiveWindowsBecomeProfiles(t *testing.T) {
	const seed = 32
	rng := rand.New(rand.NewPCG(seed, 0))
	r := newRig(t, nil)
	for range 3000 {
		r.call(fmt.Sprintf("delay=%d,carrier=%s", delay(rng), carrier(rng)), fmt.Sprint("late=", late(rng)))
	}
	p, err := r.Profile("1")
	if err != nil {
		t.Fatal(err)
	}
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if p, err = DecodeProfile(data); err != nil {
		t.Fatal(err)
	}
	if d := profiled(t, p, "delay"); d.Count != 3000 || !d.Numeric.Integer || d.Numeric.Min != -10 {
		t.Errorf("delay %+v %+v", d, d.Numeric)
	}
	if l := profiled(t, p, "late"); l.Kind != "categorical" || l.Role != "output" {
		t.Errorf("late %+v", l)
	}
	if err := r.SetProfile("2", p); err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		r.offer(Exchange{Version: "2", Request: body(fmt.Sprintf("delay=%d,carrier=%s", delay(rng), carrier(rng))), Response: body(fmt.Sprint("late=", late(rng)))})
	}
	for _, f := range r.summary("2", "").Features {
		if s := f.Scores[0]; s.Value > 4*s.NullExpected {
			t.Errorf("seed %d: the same traffic scores %+v on %s", seed, s, f.Name)
		}
	}
	if len(r.alarms) > 0 {
		t.Errorf("seed %d: alarms against the own window: %+v", seed, r.alarms)
	}
}

func TestLargeColumnsAreSampledUniformly(t *testing.T) {
	c := newValueBuilder("x", 1)
	for i := range 3 * sampleSize {
		c.number(float64(i))
	}
	f := c.feature()
	if f.Numeric.Sample != sampleSize || f.Count != 3*sampleSize || f.Numeric.Max != 3*sampleSize-1 {
		t.Fatalf("%+v", f.Numeric)
	}
	if median := f.Numeric.Points[len(f.Numeric.Points)/2] / (3 * sampleSize); math.Abs(median-0.5) > 0.01 {
		t.Errorf("the median of the sample lies at %.3f", median)
	}
}

func FuzzDecodeProfile(f *testing.F) {
	p, err := BuildProfile(strings.NewReader(smallTable), ProfileOptions{Outputs: []string{"late"}})
	if err != nil {
		f.Fatal(err)
	}
	data, err := p.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"weir_profile":1,"features":[{"name":"a","role":"input","kind":"numeric","numeric":{}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := DecodeProfile(data)
		if err != nil {
			return
		}
		if _, err := newReference(p, referenceProfile); err != nil {
			t.Errorf("a valid profile cannot be used: %v", err)
		}
	})
}

func FuzzBuildProfile(f *testing.F) {
	f.Add(smallTable)
	f.Add("a\n1\n")
	f.Add("t,v\nsome text,\"[1, 2, 3]\"\n,\"[1e308,1e308,1e308]\"\n")
	f.Fuzz(func(t *testing.T, table string) {
		for _, o := range []ProfileOptions{{}, {Text: []string{"t"}, Embeddings: []string{"v"}}} {
			p, err := BuildProfile(strings.NewReader(table), o)
			if err != nil {
				continue
			}
			data, err := p.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := DecodeProfile(data); err != nil {
				t.Errorf("what was built cannot be read: %v", err)
			}
		}
	})
}
