package proxy_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/proxy"
)

// told returns what the endpoint was told about the client, field by field, and
// who Weir takes for the client. The test is a client at 127.0.0.1.
func told(t *testing.T, f proxy.Forwarding, fields string) (about []string, client netip.Addr) {
	t.Helper()
	heads := make(chan string, 1)
	b := listen(t, func(p *peer) {
		if head := p.head(); head != "" {
			heads <- head
			p.send(ok)
		}
	})
	w := start(t, setup{upstreams: map[string][]string{"1": {b.url}}, config: proxy.Config{Forwarding: f}})
	if a := w.once("GET /v2/models/m HTTP/1.1\r\nHost: models.example:81\r\n" + crlf(fields) + "\r\n"); a.StatusCode != 200 {
		t.Fatalf("got %d", a.StatusCode)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(<-heads, "\r\n\r\n"), "\r\n") {
		name, _, _ := strings.Cut(strings.ToLower(line), ":")
		if strings.HasPrefix(name, "x-forwarded") || name == "forwarded" || name == "x-real-ip" {
			about = append(about, line)
		}
	}
	return about, w.watchers["1"].next(t).Client
}

func networks(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestWhatEndpointsAreToldAboutClients(t *testing.T) {
	here := networks("127.0.0.1/32", "10.0.0.0/8")
	const made = `X-Forwarded-For: 9.9.9.9
x-forwarded-proto: https
X-FORWARDED-HOST: other.example
X-Forwarded-Port: 1
X-Forwarded-Anything: x
X-Real-IP: 9.9.9.9
Forwarded: for=8.8.8.8;proto=https
`
	for _, c := range []struct {
		name   string
		f      proxy.Forwarding
		fields string
		want   string
		client string
	}{
		{
			"nothing is said of clients, and what they say is removed",
			proxy.Forwarding{},
			made, ``, "127.0.0.1",
		},
		{
			"what an untrusted client says is replaced",
			proxy.Forwarding{Style: proxy.ForwardX},
			made,
			"X-Forwarded-For: 127.0.0.1|X-Forwarded-Proto: http|X-Forwarded-Host: models.example:81", "127.0.0.1",
		},
		{
			"likewise by RFC 7239",
			proxy.Forwarding{Style: proxy.ForwardRFC7239},
			made,
			`Forwarded: for=127.0.0.1;proto=http;host="models.example:81"`, "127.0.0.1",
		},
		{
			"a proxy's fields are continued, those of the other style removed",
			proxy.Forwarding{Style: proxy.ForwardX, Trust: here},
			made,
			"X-Forwarded-Port: 1|X-Forwarded-Anything: x|X-Real-IP: 9.9.9.9|X-Forwarded-For: 9.9.9.9, 127.0.0.1|X-Forwarded-Proto: https|X-Forwarded-Host: other.example", "9.9.9.9",
		},
		{
			"likewise by RFC 7239",
			proxy.Forwarding{Style: proxy.ForwardRFC7239, Trust: here},
			made,
			`X-Forwarded-Port: 1|X-Forwarded-Anything: x|X-Real-IP: 9.9.9.9|Forwarded: for=8.8.8.8;proto=https, for=127.0.0.1;proto=http;host="models.example:81"`, "8.8.8.8",
		},
		{
			"both",
			proxy.Forwarding{Style: proxy.ForwardBoth, Trust: here},
			"X-Forwarded-For: 9.9.9.9\n",
			`X-Forwarded-For: 9.9.9.9, 127.0.0.1|X-Forwarded-Proto: http|X-Forwarded-Host: models.example:81|Forwarded: for=127.0.0.1;proto=http;host="models.example:81"`, "9.9.9.9",
		},
		{
			"off: a proxy's fields pass",
			proxy.Forwarding{Trust: here},
			"X-Forwarded-For: 9.9.9.9\nForwarded: for=8.8.8.8\n",
			"X-Forwarded-For: 9.9.9.9|Forwarded: for=8.8.8.8", "9.9.9.9",
		},
		{
			"Connection can't take out what Weir says",
			proxy.Forwarding{Style: proxy.ForwardX},
			"Connection: x-forwarded-for\n",
			"X-Forwarded-For: 127.0.0.1|X-Forwarded-Proto: http|X-Forwarded-Host: models.example:81", "127.0.0.1",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			about, client := told(t, c.f, c.fields)
			if got := strings.Join(about, "|"); got != c.want {
				t.Errorf("the endpoint got\n%s\nwant\n%s", got, c.want)
			}
			if client.String() != c.client {
				t.Errorf("the client is %s, want %s", client, c.client)
			}
		})
	}
}

func TestTheClientIsTheLastThatNoTrustedProxyIs(t *testing.T) {
	x := proxy.Forwarding{Style: proxy.ForwardX, Trust: networks("127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32")}
	rfc := x
	rfc.Style = proxy.ForwardRFC7239
	for _, c := range []struct {
		f              proxy.Forwarding
		fields, client string
	}{
		{x, "", "127.0.0.1"},
		{x, "X-Forwarded-For: 1.1.1.1\n", "1.1.1.1"},
		{x, "X-Forwarded-For: 6.6.6.6, 1.1.1.1, 10.0.0.1\n", "1.1.1.1"}, // the client made 6.6.6.6 up
		{x, "X-Forwarded-For: 6.6.6.6\nX-Forwarded-For: 1.1.1.1\nX-Forwarded-For: 10.0.0.1\n", "1.1.1.1"},
		{x, "X-Forwarded-For: 10.0.0.2, 10.0.0.1\n", "10.0.0.2"},
		{x, "X-Forwarded-For: 6.6.6.6, unknown, 10.0.0.1\n", "10.0.0.1"}, // nobody vouches for what is left of it
		{x, "X-Forwarded-For: 6.6.6.6, unknown\n", "127.0.0.1"},
		{x, "X-Forwarded-For: 1.1.1.1:4711\n", "1.1.1.1"},
		{x, "X-Forwarded-For: ::ffff:1.1.1.1\n", "1.1.1.1"},
		{x, "X-Forwarded-For: [2001:db8::1]:80, 2001:db8::2\n", "2001:db8::1"},
		{x, "X-Forwarded-For: 2001:DB9::1,[2001:db8::2]\n", "2001:db9::1"},
		{x, "X-Forwarded-For:\n", "127.0.0.1"},
		{x, "Forwarded: for=1.1.1.1\n", "127.0.0.1"}, // not the style of the proxies here
		{rfc, "X-Forwarded-For: 1.1.1.1\n", "127.0.0.1"},
		{rfc, "Forwarded: for=6.6.6.6;proto=http, proto=https;For=1.1.1.1, for=10.0.0.1\n", "1.1.1.1"},
		{rfc, `Forwarded: for="[2001:db9::1]:4711";host="a,for=6.6.6.6", for="[2001:db8::1]"` + "\n", "2001:db9::1"},
		{rfc, "Forwarded: for=6.6.6.6, for=_hidden, for=10.0.0.1\n", "10.0.0.1"},
		{rfc, `Forwarded: for="` + "\n", "127.0.0.1"},
	} {
		if _, client := told(t, c.f, c.fields); client.String() != c.client {
			t.Errorf("%q: the client is %s, want %s", c.fields, client, c.client)
		}
	}
}
