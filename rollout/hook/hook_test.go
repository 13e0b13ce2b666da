package hook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-gateway/weir/rollout"
)

// service is the other side: it answers with what it was given, in turn.
type service struct {
	t       *testing.T
	answers []reply
	at      []time.Time
	ids     []string
	stamps  []string
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	id, stamp := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	if got := r.Header.Get("webhook-signature"); got != Sign([]byte("s3cret"), id, stamp, body) {
		s.t.Errorf("signature %q", got)
	}
	s.at, s.ids, s.stamps = append(s.at, time.Now()), append(s.ids, id), append(s.stamps, stamp)
	switch answer := s.answers[min(len(s.at), len(s.answers))-1]; answer.status {
	case refuses:
		return nil, errors.New("connection refused")
	case hangs:
		<-r.Context().Done()
		return nil, r.Context().Err()
	default:
		return &http.Response{
			StatusCode: answer.status, Header: http.Header{"Location": {"http://elsewhere"}}, Body: io.NopCloser(strings.NewReader(answer.text)),
		}, nil
	}
}

// reply is an answer, or none.
type reply struct {
	status int
	text   string
}

const (
	refuses = -1
	hangs   = -2
)

func call(t *testing.T, retries int, answers ...reply) (rollout.HookAnswer, *service) {
	t.Helper()
	s := &service{t: t, answers: answers}
	c := New(Options{Transport: s, Getenv: func(name string) string { return map[string]string{"HOOK": "s3cret"}[name] }})
	h := rollout.Hook{URL: "https://ci.internal/weir", SecretEnv: "HOOK", Timeout: 2 * time.Second, Retries: retries}
	return c.Call(t.Context(), h, "msg_1", []byte(`{"type":"before_step"}`)), s
}

// TestTheSignatureIsThatOfOtherLibraries has the example of standardwebhooks.com's
// specification and libraries.
func TestTheSignatureIsThatOfOtherLibraries(t *testing.T) {
	key, err := secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := Sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

func TestAnAnswerIsTakenForWhatItIs(t *testing.T) {
	for _, c := range []struct {
		status int
		text   string
		ok     bool
		words  string
	}{
		{200, "fine", true, "https://ci.internal/weir answered 200: fine"},
		{204, "", true, "https://ci.internal/weir answered 204"},
		{302, "", false, "https://ci.internal/weir answered 302"},
		{409, "\n  frozen until Monday\r\nask ops", false, "https://ci.internal/weir answered 409: frozen until Monday"},
		{403, "a\x1b[31mb", false, "https://ci.internal/weir answered 403: a [31mb"},
		{400, strings.Repeat("x", 5000), false, "https://ci.internal/weir answered 400: " + strings.Repeat("x", 200) + "…"},
	} {
		a, _ := call(t, 3, reply{c.status, c.text})
		if a.OK != c.ok || a.String() != c.words || a.Tries != 1 {
			t.Errorf("%d %.20q: %+v", c.status, c.text, a)
		}
	}
}

func TestWhatMayPassIsTriedAgainWithinTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s := call(t, 4, reply{status: refuses}, reply{status: hangs}, reply{503, "starting"}, reply{429, "slower"}, reply{200, "yes"})
		if !a.OK || a.Tries != 5 {
			t.Errorf("answer %+v", a)
		}
		for i := range s.at {
			if s.ids[i] != "msg_1" {
				t.Errorf("try %d has the id %s", i, s.ids[i])
			}
			if i == 0 {
				continue
			}
			least, most := time.Second<<(i-1)/2, time.Second<<(i-1)
			if i == 2 { // the try before took its timeout
				least, most = least+2*time.Second, most+2*time.Second
			}
			if wait := s.at[i].Sub(s.at[i-1]); wait < least || wait > most {
				t.Errorf("try %d came after %s, not %s to %s", i, wait, least, most)
			}
		}
		if s.stamps[0] == s.stamps[4] {
			t.Error("each try is signed with its own time")
		}
	})
}

func TestTheBudgetEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s := call(t, 2, reply{500, "oh"})
		if a.OK || a.Tries != 3 || len(s.at) != 3 || a.String() != "https://ci.internal/weir answered 500: oh" {
			t.Errorf("answer %+v after %d", a, len(s.at))
		}
		a, _ = call(t, 0, reply{status: hangs})
		if a.OK || a.String() != "https://ci.internal/weir gave no answer: none within 2s" {
			t.Errorf("answer %s", a)
		}
		a, _ = call(t, 0, reply{status: refuses})
		if a.String() != "https://ci.internal/weir gave no answer: connection refused" {
			t.Errorf("answer %s", a)
		}
	})
}

func TestNothingIsSentUnsigned(t *testing.T) {
	for text, words := range map[string]string{"": "is empty", "whsec_": "has no base64", "whsec_!": "has no base64"} {
		s := &service{t: t}
		c := New(Options{Transport: s, Getenv: func(string) string { return text }})
		a := c.Call(t.Context(), rollout.Hook{URL: "http://x", SecretEnv: "HOOK", Timeout: time.Second}, "msg_1", nil)
		if a.OK || !strings.Contains(a.Line, words) || len(s.at) > 0 {
			t.Errorf("%q: %+v", text, a)
		}
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		s := &service{t: t, answers: []reply{{status: 500}}}
		c := New(Options{Transport: s, Getenv: func(string) string { return "s3cret" }})
		began := time.Now()
		c.Call(ctx, rollout.Hook{URL: "http://x", SecretEnv: "HOOK", Timeout: time.Second, Retries: 100}, "msg_1", nil)
		if long := time.Since(began); long > 3*time.Second {
			t.Errorf("it took %s", long)
		}
	})
}
