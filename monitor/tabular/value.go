package tabular

import (
	"math"
	"strconv"
	"strings"
)

// Missing returns the texts that mean missing: the given ones, or where there are
// none: empty, NA, N/A, NaN, nan, null, NULL, None.
func Missing(words []string) map[string]bool {
	if words == nil {
		words = []string{"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"}
	}
	set := map[string]bool{}
	for _, w := range words {
		set[w] = true
	}
	return set
}

// Number reads a number as a body would carry it: true and false are 1 and 0. Out of
// range is an infinity, and a number.
func Number(text string) (float64, bool) {
	if text == "" {
		return 0, false
	}
	switch text[0] | 0x20 { // most texts are neither, and letters are cheap to rule out
	case 't', 'f':
		switch strings.ToLower(text) {
		case "true":
			return 1, true
		case "false":
			return 0, true
		}
		return 0, false
	}
	x, err := strconv.ParseFloat(text, 64)
	return x, err == nil || math.IsInf(x, 0)
}

// Code reports whether a text like 007 is a code and not a number: in JSON it can
// only be a string.
func Code(text string) bool {
	return len(text) > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9'
}

// AppendNumber writes a number as a category: whole ones without exponent.
func AppendNumber(b []byte, x float64) []byte {
	if x == math.Trunc(x) && math.Abs(x) < 1e15 {
		return strconv.AppendInt(b, int64(x), 10)
	}
	return strconv.AppendFloat(b, x, 'g', -1, 64)
}

// Whole reports whether a text is a whole number without point or exponent, or a
// truth: what data frames keep as integers.
func Whole(text string) bool {
	digits := strings.TrimLeft(text, "+-")
	if len(digits) == 0 || len(text)-len(digits) > 1 {
		return false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			_, truth := Number(text)
			return truth && (c|0x20 == 't' || c|0x20 == 'f')
		}
	}
	return true
}
