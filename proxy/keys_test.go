package proxy_test

import (
	"strings"
	"testing"

	"github.com/weir-gateway/weir/proxy"
)

// keyed is a gateway that wants a key in a header, and what its endpoint gets.
func keyed(t *testing.T, header string, strip bool, keys ...string) (*weir, *proxy.Keys, chan string) {
	t.Helper()
	k, err := proxy.NewKeys(header, strip)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Set(keys); err != nil {
		t.Fatal(err)
	}
	heads := make(chan string, 100)
	b := listen(t, func(p *peer) {
		for head := p.head(); head != ""; head = p.head() {
			heads <- head
			p.send(ok)
		}
	})
	return start(t, setup{upstreams: map[string][]string{"1": {b.url}}, config: proxy.Config{Keys: k}}), k, heads
}

func with(fields string) string {
	return "GET /v2/models/m HTTP/1.1\r\nHost: h\r\n" + crlf(fields) + "\r\n"
}

func TestOnlyClientsWithAKeyAreServed(t *testing.T) {
	bearer, _, _ := keyed(t, "authorization", false, "first-key", "second-key")
	plainKey, _, _ := keyed(t, "x-api-key", false, "first-key")
	for _, c := range []struct {
		w      *weir
		fields string
		status int
	}{
		{bearer, "Authorization: Bearer first-key\n", 200},
		{bearer, "authorization: bearer  second-key\n", 200},
		{bearer, "", 401},
		{bearer, "Authorization: Bearer third-key\n", 401},
		{bearer, "Authorization: Bearer first-ke\n", 401},
		{bearer, "Authorization: Bearer first-key2\n", 401},
		{bearer, "Authorization: Bearer \n", 401},
		{bearer, "Authorization: Bearer\n", 401},
		{bearer, "Authorization: first-key\n", 401},
		{bearer, "Authorization: Basic first-key\n", 401},
		{bearer, "X-API-Key: first-key\n", 401},
		{bearer, "Authorization: Bearer first-key\nAuthorization: Bearer other\n", 401},
		{bearer, "Authorization: Bearer " + strings.Repeat("k", 2000) + "\n", 401},
		{plainKey, "X-Api-Key: first-key\n", 200},
		{plainKey, "X-Api-Key: Bearer first-key\n", 401},
		{plainKey, "Authorization: Bearer first-key\n", 401},
	} {
		a := c.w.once(with(c.fields))
		if a.StatusCode != c.status {
			t.Errorf("%.60q: got %d, want %d", c.fields, a.StatusCode, c.status)
		}
		if a.StatusCode != 401 {
			continue
		}
		if a.Header.Get("WWW-Authenticate") == "" || a.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(a.body, "unauthorized") {
			t.Errorf("%.60q: got %v %s", c.fields, a.Header, a.body)
		}
		if strings.Contains(a.body, "key\"") {
			t.Errorf("the answer repeats the request: %s", a.body)
		}
	}
}

func TestKeysAreReplacedWhileClientsAreServed(t *testing.T) {
	w, k, _ := keyed(t, "x-api-key", false, "old")
	c := w.dial()
	if a := c.send(with("X-Api-Key: old\n")).recv("GET"); a.StatusCode != 200 {
		t.Fatalf("got %d", a.StatusCode)
	}
	if err := k.Set([]string{"new"}); err != nil {
		t.Fatal(err)
	}
	if a := c.send(with("X-Api-Key: old\n")).recv("GET"); a.StatusCode != 401 {
		t.Errorf("the old key got %d", a.StatusCode)
	}
	if a := c.send(with("X-Api-Key: new\n")).recv("GET"); a.StatusCode != 200 {
		t.Errorf("the new key got %d", a.StatusCode)
	}
	for _, bad := range []string{"", "with space", "ümlaut", strings.Repeat("k", 513)} {
		if err := k.Set([]string{"fine", bad}); err == nil || strings.Contains(err.Error(), bad) && bad != "" {
			t.Errorf("%.20q: got %v", bad, err)
		}
	}
	if a := c.send(with("X-Api-Key: new\n")).recv("GET"); a.StatusCode != 200 {
		t.Errorf("after keys that were refused the last good one got %d", a.StatusCode)
	}
}

func TestAKeyIsPassedOnOnlyWithoutStrip(t *testing.T) {
	for _, strip := range []bool{false, true} {
		w, _, heads := keyed(t, "authorization", strip, "key")
		w.once(with("Authorization: Bearer key\nX-Api-Key: mine\n"))
		head := <-heads
		if got := strings.Contains(head, "Bearer key"); got == strip {
			t.Errorf("strip %v: the endpoint got %q", strip, head)
		}
		if !strings.Contains(head, "X-Api-Key: mine") {
			t.Errorf("strip %v takes another field too: %q", strip, head)
		}
	}
}
