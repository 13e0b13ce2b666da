package access

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
)

const (
	prefix = "weir_" // so that scanners of leaked secrets, and people, know what it is
	random = 32      // bytes: nobody guesses one, so a plain SHA-256 in the file gives nothing away
)

// Token is a token as the file has it: who, what they may do, and by what they are known.
type Token struct {
	Name string
	Role Role
	Sum  [sha256.Size]byte // of the whole secret
}

// New makes a token. The secret is told here and kept nowhere.
func New(name string, role Role) (secret string, t Token, err error) {
	if err := validName(name); err != nil {
		return "", Token{}, err
	}
	bits := make([]byte, random)
	_, _ = rand.Read(bits) // never fails
	secret = prefix + base64.RawURLEncoding.EncodeToString(bits)
	return secret, Token{Name: name, Role: role, Sum: sha256.Sum256([]byte(secret))}, nil
}

// Line is the token's line of the file.
func (t Token) Line() string {
	return t.Name + " " + t.Role.String() + " " + hex.EncodeToString(t.Sum[:])
}

// wellFormed says whether a secret was made by New. Others are wrong whatever the
// file says: a short one that somebody thought of could be guessed.
func wellFormed(secret string) bool {
	bits, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(secret, prefix))
	return err == nil && strings.HasPrefix(secret, prefix) && len(bits) == random
}

func validName(name string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+@-]{0,63}$`).MatchString(name) {
		return fmt.Errorf("%q is no name for a token; use at most 64 letters, digits and . _ - + @", name)
	}
	return nil
}

// errNoTokens keeps a file that is being written, and empty for a moment, from
// locking everybody out.
var errNoTokens = errors.New("there is no token in it; add the line that \"weir token NAME --role ROLE\" prints")

// Parse reads a file of tokens: NAME ROLE SHA256 in each line, # before a remark.
// A name may stand in several lines with one role, so that a token can be
// replaced without a moment in which neither works. Errors name the line.
func Parse(content []byte) ([]Token, error) {
	var out []Token
	number := 0
	for line := range bytes.Lines(content) {
		number++
		text, _, _ := strings.Cut(string(line), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		t, err := parseLine(words)
		if err == nil {
			err = fits(out, t)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		return nil, errNoTokens
	}
	return out, nil
}

func parseLine(words []string) (t Token, err error) {
	if len(words) != 3 {
		return t, fmt.Errorf("has %d words and must have three: name, role and the token's SHA-256", len(words))
	}
	t.Name = words[0]
	if err := validName(t.Name); err != nil {
		return t, err
	}
	if t.Role, err = ParseRole(words[1]); err != nil {
		return t, err
	}
	// The word is not repeated: somebody may have put the token itself here.
	sum, err := hex.DecodeString(words[2])
	if err != nil || len(sum) != sha256.Size {
		return t, errors.New("the third word is no SHA-256; write its 64 hexadecimal digits, never the token itself")
	}
	t.Sum = [sha256.Size]byte(sum)
	return t, nil
}

func fits(before []Token, t Token) error {
	for _, other := range before {
		switch {
		case other.Sum == t.Sum:
			return fmt.Errorf("has the SHA-256 of %s's token again; remove one of the two", other.Name)
		case other.Name == t.Name && other.Role != t.Role:
			return fmt.Errorf("gives %s the role %s, and a line before it %s; keep one", t.Name, t.Role, other.Role)
		}
	}
	return nil
}

// Tokens are those in force. They may be replaced at any time; without any
// nobody is known.
type Tokens struct{ list atomic.Pointer[[]Token] }

// Set replaces all tokens.
func (t *Tokens) Set(list []Token) { t.list.Store(&list) }

// Find tells whose the secret is. Every token is compared, each in constant
// time, so that how long it takes tells nothing.
func (t *Tokens) Find(secret string) (found Token, ok bool) {
	list := t.list.Load()
	if list == nil {
		return Token{}, false
	}
	sum, at := sha256.Sum256([]byte(secret)), -1
	for i := range *list {
		at = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(sum[:], (*list)[i].Sum[:]), i, at)
	}
	if at < 0 || !wellFormed(secret) {
		return Token{}, false
	}
	return (*list)[at], true
}
