package describe

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// MaxText is how many bytes of a text are looked at.
const MaxText = 4 << 10

// TextNumbers is how many numbers a text has.
const TextNumbers = 7

// TextNames are their names, in order.
func TextNames() [TextNumbers]string {
	return [TextNumbers]string{"length", "words", "mean_word", "upper", "digits", "punctuation", "non_ascii"}
}

// Text writes the numbers of a text without the space around it: its characters, its
// words (what is between spaces), the mean characters of a word, and the shares of the
// characters that are capitals, digits, punctuation or symbols, and outside of ASCII.
// Of a longer text the first MaxText bytes are looked at. False: nothing but space.
func Text(text []byte, out *[TextNumbers]float64) bool {
	text = bytes.TrimSpace(head(text))
	var chars, words, inWords, upper, digits, punctuation, foreign int
	between := true
	for i := 0; i < len(text); chars++ {
		var k class
		if c := text[i]; c < utf8.RuneSelf {
			k = ascii(c)
			i++
		} else {
			r, n := utf8.DecodeRune(text[i:])
			k = other(r)
			foreign++
			i += n
		}
		if k == space {
			between = true
			continue
		}
		if between {
			words++
			between = false
		}
		inWords++
		switch k {
		case capital:
			upper++
		case digit:
			digits++
		case mark:
			punctuation++
		}
	}
	if chars == 0 {
		return false
	}
	n := float64(chars)
	*out = [TextNumbers]float64{
		n, float64(words), float64(inWords) / float64(words),
		float64(upper) / n, float64(digits) / n, float64(punctuation) / n, float64(foreign) / n,
	}
	return true
}

// head cuts a long text at a character's end.
func head(text []byte) []byte {
	if len(text) <= MaxText {
		return text
	}
	end := MaxText
	for k := range utf8.UTFMax {
		if utf8.RuneStart(text[end-k]) {
			return text[:end-k]
		}
	}
	return text[:end]
}

// class is what a character counts as.
type class uint8

const (
	letter class = iota // and whatever else is none of the others
	space
	capital
	digit
	mark
)

func ascii(c byte) class {
	switch {
	case 'a' <= c && c <= 'z':
		return letter
	case c == ' ' || '\t' <= c && c <= '\r':
		return space
	case 'A' <= c && c <= 'Z':
		return capital
	case '0' <= c && c <= '9':
		return digit
	case '!' <= c && c <= '~':
		return mark
	}
	return letter // control characters
}

func other(r rune) class {
	switch {
	case unicode.IsUpper(r):
		return capital
	case unicode.IsLetter(r):
		return letter
	case unicode.IsSpace(r):
		return space
	case unicode.IsDigit(r):
		return digit
	case unicode.IsPunct(r) || unicode.IsSymbol(r):
		return mark
	}
	return letter
}
