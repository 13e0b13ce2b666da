package demo

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func lines(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// The weeks are the stream, and the shuffled files have the rows of the others.
func TestExportWritesTheSameFlightsInOrderByWeeksAndShuffled(t *testing.T) {
	folder := t.TempDir()
	names, err := Export(folder, 1)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	const head = "hour,dep_delay,distance,carrier,origin,dest,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib"
	var weeks []string
	for _, name := range names {
		all := lines(t, filepath.Join(folder, name))
		if all[0] != head {
			t.Fatalf("%s begins with %q", name, all[0])
		}
		rows[name] = all[1:]
		if strings.HasPrefix(name, "week-") {
			weeks = append(weeks, all[1:]...)
		}
	}
	if len(names) != 4+18 || len(rows["reference.csv"]) != 105_808 || len(rows["stream.csv"]) != 112_793 {
		t.Errorf("%d files, %d and %d rows", len(names), len(rows["reference.csv"]), len(rows["stream.csv"]))
	}
	if !slices.Equal(weeks, rows["stream.csv"]) {
		t.Error("the weeks one after the other are not the stream")
	}
	if first := rows["reference.csv"][0]; !strings.HasPrefix(first, "5,2,1400,UA,EWR,IAH,39.02,") {
		t.Errorf("the first flight is %s", first)
	}
	if len(rows["shuffled-reference.csv"]) != len(rows["reference.csv"]) {
		t.Error("the shuffled reference is of another size")
	}
	shuffled := slices.Concat(rows["shuffled-reference.csv"], rows["shuffled-stream.csv"])
	ordered := slices.Concat(rows["reference.csv"], rows["stream.csv"])
	if slices.Equal(shuffled[:100], ordered[:100]) {
		t.Error("the shuffled files are in order")
	}
	slices.Sort(shuffled)
	slices.Sort(ordered)
	if !slices.Equal(shuffled, ordered) {
		t.Error("the shuffled files have other flights")
	}
}
