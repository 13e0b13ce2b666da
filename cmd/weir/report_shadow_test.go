package main

import (
	"strings"
	"testing"

	"github.com/weir-gateway/weir/monitor"
)

func TestAReportSaysHowAShadowDiffers(t *testing.T) {
	low, high, carrier := 900.0, 950.0, "AA"
	got := strings.Join(shadowLines(&monitor.Comparison{
		Compared: 1000, Disagreed: 42, Ratio: 0.042, Unmatched: 3,
		Outputs: []monitor.OutputComparison{{Name: "late"}, {Name: "p_late", Disagreed: 42, Ratio: 0.042}},
		Noise:   &monitor.Noise{Compared: 100, Disagreed: 1, Ratio: 0.01},
		Excess:  &monitor.Excess{Value: 0.032, Low: 0.011, High: 0.053},
		Concentrated: []monitor.Concentration{
			{Feature: "distance", Above: &low, UpTo: &high, Compared: 50, Disagreed: 20, Rate: 0.4, Elsewhere: 0.023},
			{Feature: "distance", UpTo: &high},
			{Feature: "distance", Above: &low},
			{Feature: "carrier", Category: &carrier},
			{Feature: "carrier", Missing: true},
		},
	}), "\n")
	want := `42 of 1000 rows (4.2 %) disagree with what clients got; 3 answers could not be compared
asked twice, the service disagrees with itself in 1 of 100 rows (1.0 %)
beyond that it disagrees in 3.2 % of the requests, between 1.1 % and 5.3 %: more than noise
output p_late disagrees in 4.2 %
where distance is above 900, up to 950: 20 of 50 (40.0 %), elsewhere 2.3 %
where distance is up to 950: 0 of 0 (0.0 %), elsewhere 0.0 %
where distance is above 900: 0 of 0 (0.0 %), elsewhere 0.0 %
where carrier is AA: 0 of 0 (0.0 %), elsewhere 0.0 %
where carrier is missing: 0 of 0 (0.0 %), elsewhere 0.0 %`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if lines := shadowLines(nil); lines != nil {
		t.Errorf("of a version that is no shadow: %q", lines)
	}
	may := shadowLines(&monitor.Comparison{Excess: &monitor.Excess{Value: 0.01, Low: -0.1, High: 0.1}})
	if !strings.HasSuffix(may[1], "this may be noise") {
		t.Errorf("of bounds around 0: %q", may[1])
	}
}
