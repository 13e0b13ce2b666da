package data_test

import (
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/internal/demo/data"
)

func load(t *testing.T) *data.Flights {
	t.Helper()
	f, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTheEmbeddedFileIsTheStatedOne(t *testing.T) {
	file, err := os.ReadFile("flights.col.zst")
	if err != nil {
		t.Fatal(err)
	}
	stated, err := os.ReadFile("flights.col.zst.sha256")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(file)); !strings.HasPrefix(string(stated), got+" ") {
		t.Errorf("sha256 is %s, stated is %s", got, stated)
	}
}

func TestEveryFlightIsThereInScheduledOrder(t *testing.T) {
	f := load(t)
	if f.Len() != 336_776 {
		t.Errorf("%d flights, want 336776", f.Len())
	}
	departed := 0
	for i := range f.Len() {
		if i > 0 && f.Minute[i] < f.Minute[i-1] {
			t.Fatalf("row %d is scheduled before row %d", i, i-1)
		}
		if f.Departed(i) {
			departed++
		}
	}
	if departed != 328_521 {
		t.Errorf("%d flights departed, want 328521", departed)
	}
	if got := f.Time(f.Len() - 1).Format("2006-01-02 15:04"); got != "2013-12-31 23:59" {
		t.Errorf("the last flight is scheduled %s", got)
	}
}

func TestSharesOfLateFlightsAreTheKnownOnes(t *testing.T) {
	f := load(t)
	share := func(months ...time.Month) float64 {
		late, known := 0, 0
		for _, m := range months {
			for i := f.From(m, 1); i < f.From(m+1, 1); i++ {
				if l, ok := f.Late(i); ok {
					known++
					if l {
						late++
					}
				}
			}
		}
		return float64(late) / float64(known)
	}
	for _, c := range []struct {
		what   string
		months []time.Month
		want   float64
	}{
		{"January to March", []time.Month{1, 2, 3}, 0.23},
		{"July and December", []time.Month{7, 12}, 0.32},
		{"September", []time.Month{9}, 0.13},
	} {
		if got := share(c.months...); math.Abs(got-c.want) > 0.005 {
			t.Errorf("%s: %.4f late, want %.2f", c.what, got, c.want)
		}
	}
}

func TestWeatherIsJoinedByOriginAndHour(t *testing.T) {
	f := load(t)
	missing := 0
	for i := range f.Len() {
		if math.IsNaN(f.WeatherAt("pressure", i)) {
			missing++
		}
	}
	if got := float64(missing) / float64(f.Len()); math.Abs(got-0.115) > 0.001 {
		t.Errorf("pressure is missing in %.4f of the rows, want .115", got)
	}
	mean := func(from, to time.Month) float64 {
		sum, n := 0.0, 0
		for i := f.From(from, 1); i < f.From(to, 1); i++ {
			if v := f.WeatherAt("temp", i); !math.IsNaN(v) {
				sum += v
				n++
			}
		}
		return sum / float64(n)
	}
	if winter, july := mean(1, 3), mean(7, 8); math.Abs(winter-36) > 0.5 || math.Abs(july-82) > 0.5 {
		t.Errorf("mean temperature %.1f in winter, %.1f in July; want 36 and 82", winter, july)
	}
	// The first flight of the year, read off the two CSV files by hand.
	if f.Carrier.At(0) != "UA" || f.Origin.At(0) != "EWR" || f.Dest.At(0) != "IAH" || f.DepDelay[0] != 2 ||
		f.ArrDelay[0] != 11 || f.Distance[0] != 1400 || f.WeatherAt("temp", 0) != 39.02 || f.WeatherAt("wind_speed", 0) != 12.658579999999999 {
		t.Errorf("first flight: %s %s-%s dep %v arr %v %v miles, %v °F, wind %v", f.Carrier.At(0), f.Origin.At(0), f.Dest.At(0),
			f.DepDelay[0], f.ArrDelay[0], f.Distance[0], f.WeatherAt("temp", 0), f.WeatherAt("wind_speed", 0))
	}
}
