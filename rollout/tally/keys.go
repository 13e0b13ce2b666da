package tally

import "sync/atomic"

// keySet remembers, for sticky keys, the phase in which each was seen last and
// on which arm. It never grows and never forgets; a full one says so.
//
// An entry is the upper 56 bits of the key's hash, 7 bits of phase and 1 of arm
// in one word, so that reading and writing it is one atomic operation. Two keys
// among 131,072 share 56 bits with a chance of 1 in 8 million.
type keySet struct {
	slots []atomic.Uint64
	mask  uint64
}

const (
	probes    = 16  // slots looked at before the set counts as full for a key
	lastPhase = 126 // phases that an entry can tell apart, from 0
)

func newKeySet(size int) *keySet {
	n := 1
	for n < size {
		n <<= 1
	}
	return &keySet{slots: make([]atomic.Uint64, n), mask: uint64(n - 1)}
}

// sight is what is known of a key at its first request of a phase.
type sight uint8

const (
	fresh   sight = iota // never seen
	again                // seen in this phase, or in a later one
	earlier              // seen in an earlier phase
	full                 // no room to remember it
)

// see notes that a key has a request in a phase, and returns what was known and,
// for earlier, the phase and the arm.
//
// Fast path: one load, for a key seen before in this phase.
func (s *keySet) see(key uint64, phase int, arm uint64) (known sight, before int, beforeArm uint64) {
	tag := key &^ 0xff
	// An empty slot is 0, so phases count from 1 inside an entry.
	entry := tag | uint64(phase+1)<<1 | arm
	for i := range uint64(probes) {
		// The low bits are not in the tag, so they choose the slot.
		slot := &s.slots[(mix(key)+i)&s.mask]
		for {
			old := slot.Load()
			if old == 0 {
				if slot.CompareAndSwap(0, entry) {
					return fresh, 0, 0
				}
				continue
			}
			if old&^0xff != tag {
				break
			}
			seen := int(old&0xff>>1) - 1
			if seen >= phase {
				return again, 0, 0
			}
			if slot.CompareAndSwap(old, entry) {
				return earlier, seen, old & 1
			}
		}
	}
	return full, 0, 0
}

// mix spreads the whole key over the bits that choose a slot.
func mix(key uint64) uint64 { return (key * 0x9e3779b97f4a7c15) >> 32 }
