package protocol

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// table is what the encoders below write and every decoder must read back.
type table struct {
	names []string
	rows  [][]any // float64, string or nil
}

func randomTable(r *rand.Rand) table {
	var t table
	for c := range 1 + r.IntN(6) {
		t.names = append(t.names, fmt.Sprintf("%c%d", 'a'+rune(c), r.IntN(3)))
	}
	text := make([]bool, len(t.names))
	for c := range text {
		text[c] = r.IntN(3) == 0
	}
	for range 1 + r.IntN(5) {
		row := make([]any, len(t.names))
		for c := range row {
			switch {
			case r.IntN(8) == 0:
				row[c] = nil
			case text[c]:
				row[c] = randomText(r)
			default:
				row[c] = randomNumber(r)
			}
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func randomNumber(r *rand.Rand) float64 {
	switch r.IntN(4) {
	case 0:
		return float64(r.IntN(2000) - 1000)
	case 1:
		return math.Round(r.NormFloat64()*1e4) / 100
	case 2:
		return r.NormFloat64()
	}
	for {
		if f := math.Float64frombits(r.Uint64()); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
	}
}

func randomText(r *rand.Rand) string {
	alphabet := []rune("ab \"\\/\n\t\x01é€😀\u2028<&")
	out := make([]rune, r.IntN(6))
	for i := range out {
		out[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(out)
}

// String is what render gives for the table.
func (t table) String() string {
	b := Batch{Rows: len(t.rows)}
	for c, name := range t.names {
		column := Column{Name: name}
		for _, row := range t.rows {
			switch v := row[c].(type) {
			case float64:
				column.Cells = append(column.Cells, Cell{Kind: Number, Number: v})
			case string:
				column.Cells = append(column.Cells, Cell{Kind: Text, Text: []byte(v)})
			default:
				column.Cells = append(column.Cells, Cell{})
			}
		}
		b.Columns = append(b.Columns, column)
	}
	return render(&b)
}

func (t table) column(c int) []any {
	out := make([]any, len(t.rows))
	for i, row := range t.rows {
		out[i] = row[c]
	}
	return out
}

// records writes objects by hand, because a map would not keep the order.
func (t table) records() json.RawMessage {
	rows := make([]string, len(t.rows))
	for i, row := range t.rows {
		fields := make([]string, len(row))
		for c := range row {
			value, _ := json.Marshal(row[c])
			fields[c] = strconv.Quote(t.names[c]) + ":" + string(value)
		}
		rows[i] = "{" + strings.Join(fields, ",") + "}"
	}
	return json.RawMessage("[" + strings.Join(rows, " ,\n") + "]")
}

func (t table) columnar() json.RawMessage {
	fields := make([]string, len(t.names))
	for c, name := range t.names {
		value, _ := json.Marshal(t.column(c))
		fields[c] = strconv.Quote(name) + ": " + string(value)
	}
	return json.RawMessage("{" + strings.Join(fields, ", ") + "}")
}

func (t table) tensors(r *rand.Rand) []any {
	var out []any
	for c, name := range t.names {
		datatype := "FP64"
		for _, v := range t.column(c) {
			if _, ok := v.(string); ok {
				datatype = "BYTES"
			}
		}
		shape, data := []int{len(t.rows)}, any(t.column(c))
		if r.IntN(2) == 0 {
			shape = append(shape, 1)
			if r.IntN(2) == 0 {
				nested := make([][]any, len(t.rows))
				for i, v := range t.column(c) {
					nested[i] = []any{v}
				}
				data = nested
			}
		}
		// A map is written in the order of its keys: data comes before shape here.
		if r.IntN(2) == 0 {
			out = append(out, map[string]any{"name": name, "shape": shape, "datatype": datatype, "data": data})
			continue
		}
		out = append(out, struct {
			Name     string `json:"name"`
			Shape    []int  `json:"shape"`
			Datatype string `json:"datatype"`
			Data     any    `json:"data"`
		}{name, shape, datatype, data})
	}
	return out
}

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	batches := map[string]*Batch{}
	for range 2000 {
		in := randomTable(r)
		want := in.String()
		for _, c := range []struct {
			protocol string
			body     any
		}{
			{"oip", map[string]any{"inputs": in.tensors(r), "id": "x"}},
			{"tfserving", map[string]any{"instances": in.records()}},
			{"tfserving", map[string]any{"inputs": in.columnar()}},
			{"mlflow", map[string]any{"dataframe_split": map[string]any{"columns": in.names, "data": in.rows}}},
			{"mlflow", map[string]any{"dataframe_records": in.records()}},
			{"mlflow", map[string]any{"inputs": in.columnar()}},
			{"json", in.records()},
		} {
			body, err := json.Marshal(c.body)
			if err != nil {
				t.Fatal(err)
			}
			if batches[c.protocol] == nil {
				batches[c.protocol] = new(Batch)
			}
			got := decodeInto(batches[c.protocol], protocolNamed(t, c.protocol, nil), true, Body{Bytes: body, JSONLength: -1})
			if got != want {
				t.Fatalf("%s: %s\n got %s\nwant %s", c.protocol, body, got, want)
			}
		}
	}
}

func TestNumbersAreReadAsStrconvReadsThem(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	texts := []string{
		"0", "-0", "0.0", "1e0", "1E+2", "9007199254740993", "18446744073709551615", "18446744073709551616",
		"1e22", "1e23", "123456789012345678901234567890", "0.1", "0.30000000000000004", "5e-324", "2e-324", "1e-400",
		"1.7976931348623157e308", "1.7976931348623159e308", "1e400", "1e99999999999999999999999", "1e-99999999999999999999999",
		"0.000000000000000000000000000000001e33", "1e0000000000000000000000001", "1.00000000000000000000000000000000000000",
	}
	for range 100000 {
		texts = append(texts, strconv.FormatFloat(randomNumber(r), "efg"[r.IntN(3)], r.IntN(20)-1, 64))
	}
	for _, text := range texts {
		checkNumber(t, text)
	}
}

func checkNumber(t *testing.T, text string) {
	t.Helper()
	s := scanner{b: []byte(text)}
	got, kind, err := s.number()
	if err != nil || s.i != len(text) {
		t.Fatalf("%s: read %d bytes, error %v", text, s.i, err)
	}
	want, err := strconv.ParseFloat(text, 64)
	if err != nil {
		if kind != Invalid {
			t.Fatalf("%s: got %v (%v), want Invalid", text, got, kind)
		}
		return
	}
	if kind != Number || math.Float64bits(got) != math.Float64bits(want) {
		t.Fatalf("%s: got %v (%v), want %v", text, got, kind, want)
	}
}
