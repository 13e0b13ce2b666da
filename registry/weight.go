package registry

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Weight is an arm's share of the live traffic in units of 0.0001 per cent,
// from 0 to [Full]. Integers, because shares have to sum to exactly the whole:
// 33.3333 + 33.3333 + 33.3334 is 100 here and is not in binary floating point.
//
// In JSON a weight is a number in per cent with at most four decimals. Numbers
// that need more are refused, not rounded.
type Weight int32

// Full is the whole traffic, 100 per cent.
const Full Weight = 1_000_000

// weightDecimals is how many decimals of a per cent a Weight can hold.
const weightDecimals = 4

// ParseWeight reads a share in per cent such as "5", "0.25" or "33.3333".
// It returns an error that wraps [ErrInvalid] for anything that is not a number
// from 0 to 100 with at most four decimals.
func ParseWeight(s string) (Weight, error) {
	digits, point, ok := splitDecimal(s)
	if !ok {
		return 0, fieldErrorf("weight", "%q is not a number in per cent such as 5 or 0.25", clip(s))
	}
	if strings.HasPrefix(s, "-") {
		return 0, fieldErrorf("weight", "%s is negative; weights go from 0 to 100", clip(s))
	}
	whole, rest := shiftDecimal(digits, point+weightDecimals)
	if strings.Trim(rest, "0") != "" {
		return 0, fieldErrorf("weight", "%s has more than four decimals%s", clip(s), nearestWeight(s))
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n > int64(Full) {
		return 0, fieldErrorf("weight", "%s is more than 100 per cent", clip(s))
	}
	return Weight(n), nil
}

// Percent is the weight in per cent, for people and charts. Never sum these:
// sum weights.
func (w Weight) Percent() float64 { return float64(w) / 10_000 }

// String is the weight in per cent without needless zeros, such as "5" or
// "0.25". [ParseWeight] reads it back exactly.
func (w Weight) String() string {
	sign, n := "", int64(w)
	if n < 0 {
		sign, n = "-", -n
	}
	s := sign + strconv.FormatInt(n/10_000, 10)
	if frac := n % 10_000; frac != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%04d", frac), "0")
	}
	return s
}

// MarshalJSON writes the weight as a number in per cent.
func (w Weight) MarshalJSON() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalJSON reads a number in per cent. Strings and null are refused.
func (w *Weight) UnmarshalJSON(data []byte) error {
	s := string(data)
	if s == "null" || strings.HasPrefix(s, `"`) {
		return fieldErrorf("weight", "%s must be a number in per cent, without quotes", clip(s))
	}
	parsed, err := ParseWeight(s)
	if err != nil {
		return err
	}
	*w = parsed
	return nil
}

// splitDecimal takes a decimal literal apart into its digits and the place of
// the decimal point among them, the exponent included.
func splitDecimal(s string) (digits string, point int, ok bool) {
	mantissa := strings.TrimPrefix(s, "-")
	exponent := 0
	if i := strings.IndexAny(mantissa, "eE"); i >= 0 {
		n, err := strconv.Atoi(mantissa[i+1:])
		// Far beyond any weight; keeps the padding below small.
		if err != nil || n < -64 || n > 64 {
			return "", 0, false
		}
		mantissa, exponent = mantissa[:i], n
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	digits = whole + frac
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", 0, false
	}
	return digits, len(whole) + exponent, true
}

// shiftDecimal cuts digits at the decimal point, with zeros added where the
// point lies outside them.
func shiftDecimal(digits string, point int) (whole, rest string) {
	switch {
	case point <= 0:
		return "", digits
	case point >= len(digits):
		return digits + strings.Repeat("0", point-len(digits)), ""
	default:
		return digits[:point], digits[point:]
	}
}

// nearestWeight names the nearest weight that can be written.
func nearestWeight(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f > 100 {
		return ""
	}
	return "; the nearest is " + Weight(math.Round(f*10_000)).String()
}

// clip shortens foreign text for an error message.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
