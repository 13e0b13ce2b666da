package proxy

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/weir-gateway/weir/proxy/http1"
)

// Keys are what clients must have one of to be served. They may be replaced at
// any time, also while requests are checked.
//
// A key is compared by its hash under a salt of this process: how long the
// look-up takes tells nothing about a key that isn't already known.
type Keys struct {
	kind      http1.Kind
	challenge []byte // the header line of a 401
	strip     bool
	salt      [sha256.Size]byte
	known     atomic.Pointer[map[[sha256.Size]byte]struct{}]
}

// maxKey is how many bytes a key may have.
const maxKey = 512

var unauthorized = problem{401, "unauthorized", "This gateway needs a key.", ""}

// NewKeys returns an empty set, with which nobody is served. header is
// "authorization", where a key stands behind "Bearer", or "x-api-key". With strip
// the field isn't passed on to endpoints.
func NewKeys(header string, strip bool) (*Keys, error) {
	k := &Keys{strip: strip}
	switch header {
	case "authorization":
		k.kind, k.challenge = http1.Authorization, []byte("WWW-Authenticate: Bearer realm=\"weir\"\r\n")
	case "x-api-key":
		k.kind, k.challenge = http1.XAPIKey, []byte("WWW-Authenticate: ApiKey realm=\"weir\", header=\"x-api-key\"\r\n")
	default:
		return nil, fmt.Errorf("proxy: new keys: %q is no header for keys; use authorization or x-api-key", header)
	}
	_, _ = rand.Read(k.salt[:]) // never fails
	k.known.Store(&map[[sha256.Size]byte]struct{}{})
	return k, nil
}

// Set replaces the keys. It refuses all of them if one is empty, longer than 512
// bytes or holds anything but visible ASCII.
func (k *Keys) Set(keys []string) error {
	known := make(map[[sha256.Size]byte]struct{}, len(keys))
	for i, key := range keys {
		if len(key) == 0 || len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("proxy: set keys: key %d is empty, longer than %d bytes or has other characters than visible ASCII", i+1, maxKey)
		}
		known[k.hash([]byte(key))] = struct{}{}
	}
	k.known.Store(&known)
	return nil
}

func (k *Keys) hash(key []byte) [sha256.Size]byte {
	var space [sha256.Size + maxKey]byte
	return sha256.Sum256(append(append(space[:0], k.salt[:]...), key...))
}

// allow says whether a request has a key. One with several is refused: what is
// behind Weir might go by another one than Weir does.
func (k *Keys) allow(req *http1.Request) bool {
	var key []byte
	for i := range req.Len() {
		kind, _, value := req.At(i)
		if kind != k.kind {
			continue
		}
		if key != nil {
			return false
		}
		key = value
	}
	if k.kind == http1.Authorization {
		const scheme = "bearer "
		if len(key) <= len(scheme) || !strings.EqualFold(string(key[:len(scheme)]), scheme) {
			return false
		}
		key = key[len(scheme):]
		for len(key) > 0 && key[0] == ' ' {
			key = key[1:]
		}
	}
	if len(key) == 0 || len(key) > maxKey {
		return false
	}
	_, ok := (*k.known.Load())[k.hash(key)]
	return ok
}

// stripped are the fields that a request loses because of the keys.
func (k *Keys) stripped() http1.Kinds {
	if k == nil || !k.strip {
		return 0
	}
	return 1 << k.kind
}
