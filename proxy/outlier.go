package proxy

import "time"

// ejection is the state of one endpoint that requests failed at: after some
// failures in a row it is left out for a while, each time for twice as long. It
// comes back on probation: the next failure ejects it again, a success clears it.
type ejection struct {
	row   int           // failures since the last success
	times int           // ejections in succession
	last  time.Duration // how long the last was
	until instant       // when it ended, or will
}

// ejectRule says when endpoints are ejected.
type ejectRule struct {
	after   int           // failures in a row; 0: never
	base    time.Duration // how long the first time
	longest time.Duration
}

// failed notes a failure and says whether it is time to eject the endpoint.
func (s *ejection) failed(t instant, rule ejectRule) bool {
	if s.out(t) {
		return false // of a request that began before, or when there was no other choice
	}
	s.row++
	return rule.after > 0 && s.row >= rule.after
}

// eject leaves the endpoint out from t on, and returns until when. One that was
// well for twice as long as it had been out begins anew.
func (s *ejection) eject(t instant, rule ejectRule) instant {
	if s.times > 0 && t-s.until > 2*instant(s.last) {
		s.times = 0
	}
	s.last = rule.longest
	if s.times < 30 {
		s.last = min(rule.base<<s.times, rule.longest)
	}
	s.times++
	s.row = rule.after - 1
	s.until = t.after(s.last)
	return s.until
}

// worked notes a success.
func (s *ejection) worked(t instant) {
	if !s.out(t) {
		s.row = 0
	}
}

func (s *ejection) out(t instant) bool { return t < s.until }

// mayEject says whether one more of n endpoints may be left out when out are
// already, or are not healthy: at most share of them, and never the last.
func mayEject(out, n int, share float64) bool {
	return out+1 < n && float64(out+1) <= share*float64(n)
}
