package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/weir-gateway/weir/registry"
)

// parseArms reads V=W…, shares in per cent that sum to exactly 100.
func parseArms(args []string) ([]registry.Arm, error) {
	var arms []registry.Arm
	var sum int64
	for _, arg := range args {
		version, share, ok := strings.Cut(arg, "=")
		if !ok || version == "" {
			return nil, usage("%q is not VERSION=PER-CENT, as in 2=95", arg)
		}
		weight, err := registry.ParseWeight(strings.TrimSuffix(share, "%"))
		if err != nil {
			return nil, usage("%s: %w", arg, err)
		}
		for _, other := range arms {
			if other.Version == version {
				return nil, usage("version %s is given twice", version)
			}
		}
		arms = append(arms, registry.Arm{Version: version, Weight: weight})
		sum += int64(weight)
	}
	if sum != int64(registry.Full) {
		return nil, usage("the weights sum to %s per cent and must sum to exactly 100%s", perCent(sum), remedy(arms, sum))
	}
	return arms, nil
}

// remedy names the weight that would make the last arm complete the sum.
func remedy(arms []registry.Arm, sum int64) string {
	if len(arms) == 0 {
		return ""
	}
	last := arms[len(arms)-1]
	mended := int64(registry.Full) - (sum - int64(last.Weight))
	if mended < 0 {
		return ""
	}
	return fmt.Sprintf("; with %s=%s they would", last.Version, perCent(mended))
}

func perCent(weight int64) string { return strconv.FormatFloat(float64(weight)/10_000, 'f', -1, 64) }

// parseShadows reads V=SAMPLE…, the share of requests copied, above 0 and at most 1; V alone copies all.
func parseShadows(args []string) ([]registry.Shadow, error) {
	var shadows []registry.Shadow
	for _, arg := range args {
		version, text, given := strings.Cut(arg, "=")
		sample := 1.0
		if given {
			var err error
			// Written so that NaN is refused.
			if sample, err = strconv.ParseFloat(text, 64); err != nil || !(sample > 0 && sample <= 1) {
				return nil, usage("%q is not VERSION=SAMPLE with a sample above 0 and at most 1, as in 4=0.25", arg)
			}
		}
		if version == "" {
			return nil, usage("%q names no version", arg)
		}
		for _, other := range shadows {
			if other.Version == version {
				return nil, usage("version %s is given twice", version)
			}
		}
		shadows = append(shadows, registry.Shadow{Version: version, Sample: sample})
	}
	return shadows, nil
}
