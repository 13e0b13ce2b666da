package router

import (
	"math"
	"math/bits"

	"github.com/cespare/xxhash/v2"

	"github.com/weir-gateway/weir/registry"
)

// HashKey hashes a sticky key. It never returns 0, which stands for "no key".
func HashKey(key []byte) uint64 {
	if h := xxhash.Sum64(key); h != 0 {
		return h
	}
	return 1
}

// draw is one biased coin that is a function of a 64-bit key: it hits for a
// share of threshold/2⁶⁴ of all keys, and always if always is set.
type draw struct {
	salt      uint64
	threshold uint64
	always    bool
}

func (d *draw) hits(key uint64) bool {
	return mix(key^d.salt) < d.threshold || d.always
}

// newDraw returns the coin that hits part times out of whole, 0 ≤ part ≤ whole.
func newDraw(salt, part, whole uint64) draw {
	if part >= whole {
		return draw{salt: salt, always: true}
	}
	threshold, _ := bits.Div64(part, 0, whole)
	return draw{salt: salt, threshold: threshold}
}

// mix is a bijection of 64 bits under which every bit of the result depends on
// every bit of the key (the finaliser of SplitMix64; Steele, Lea, Flood 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

type armDraw struct {
	draw
	version *Version
}

// split picks one of several arms: each of first may take the key, in order,
// and last takes what they leave.
type split struct {
	first []armDraw
	last  *Version
}

func (s *split) pick(key uint64) *Version {
	for i := range s.first {
		if s.first[i].hits(key) {
			return s.first[i].version
		}
	}
	return s.last
}

// newSplit compiles arms that are in their final order, the stable one last.
// Arms of weight 0 are left out, so that they can't be picked by any key.
func newSplit(arms []weighted) split {
	var s split
	remaining := uint64(registry.Full)
	for _, a := range arms {
		w := uint64(a.weight)
		switch {
		case w == 0:
			continue
		case w == remaining:
			s.last = a.version
			return s
		}
		s.first = append(s.first, armDraw{newDraw(salt("arm", a.version), w, remaining), a.version})
		remaining -= w
	}
	return s
}

type weighted struct {
	version *Version
	weight  registry.Weight
}

// salt gives each (model, version, purpose) a coin of its own.
func salt(purpose string, v *Version) uint64 {
	return xxhash.Sum64String(purpose + "\x00" + v.Model + "\x00" + v.Name)
}

// sampleDraw returns the coin for a share in (0, 1].
func sampleDraw(salt uint64, share float64) draw {
	if share >= 1 {
		return draw{always: true}
	}
	return draw{salt: salt, threshold: uint64(math.Ldexp(share, 64))}
}
