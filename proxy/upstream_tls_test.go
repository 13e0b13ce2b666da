package proxy_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

// identity is a self-signed certificate for 127.0.0.1, and its files.
type identity struct {
	tls.Certificate
	cert, key string
}

func newIdentity(t *testing.T, folder, name string) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"model.test"},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	id := identity{cert: filepath.Join(folder, name+".pem"), key: filepath.Join(folder, name+".key")}
	for file, block := range map[string]*pem.Block{id.cert: {Type: "CERTIFICATE", Bytes: der}, id.key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if id.Certificate, err = tls.LoadX509KeyPair(id.cert, id.key); err != nil {
		t.Fatal(err)
	}
	return id
}

// secret is the server's end of a TLS connection.
type secret struct {
	*tls.Conn
	r   *bufio.Reader
	raw net.Conn
}

func (s *secret) request() (*http.Request, string) {
	req, err := http.ReadRequest(s.r)
	if err != nil {
		return nil, ""
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, ""
	}
	return req, string(body)
}

// listenTLS is listen for TLS.
func listenTLS(t *testing.T, cfg *tls.Config, script func(*secret)) string {
	b := listen(t, func(p *peer) {
		s := tls.Server(p.TCPConn, cfg)
		if s.Handshake() == nil {
			script(&secret{s, bufio.NewReader(s), p.TCPConn})
		}
	})
	return strings.Replace(b.url, "http:", "https:", 1)
}

func echoSecret(s *secret) {
	for {
		req, body := s.request()
		if req == nil {
			return
		}
		fmt.Fprintf(s, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
}

func TestAnHTTPSEndpoint(t *testing.T) {
	server := newIdentity(t, t.TempDir(), "server")
	var handshakes atomic.Int32
	cfg := &tls.Config{Certificates: []tls.Certificate{server.Certificate}, VerifyConnection: func(s tls.ConnectionState) error {
		if s.Version < tls.VersionTLS12 || s.NegotiatedProtocol != "" && s.NegotiatedProtocol != "http/1.1" {
			t.Errorf("version %x, protocol %q", s.Version, s.NegotiatedProtocol)
		}
		handshakes.Add(1)
		return nil
	}}
	url := listenTLS(t, cfg, echoSecret)
	w := start(t, setup{upstreams: map[string][]string{"1": {url}}, pool: proxy.PoolConfig{TLS: proxy.UpstreamTLS{CA: server.cert}}})
	waitFor(t, func() bool { return handshakes.Load() > 0 }) // the health check's
	c := w.dial()
	for _, n := range []int{5, 0, 20_000, 70_000, 3_000_000} {
		body := strings.Repeat("x", n)
		go fmt.Fprintf(c, "POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", n, body)
		if a := c.recv("POST"); a.StatusCode != 200 || a.body != body {
			t.Fatalf("%d bytes: %d with %d bytes", n, a.StatusCode, len(a.body))
		}
	}
	for range 20 {
		c.send(plain).recv("POST")
	}
	if n := handshakes.Load(); n > 3 { // the check's, the requests', and one for those kept warm
		t.Errorf("%d handshakes", n)
	}
}

func TestACertificateThatIsNotTrustedIsNotSpokenTo(t *testing.T) {
	folder := t.TempDir()
	server, other := newIdentity(t, folder, "server"), newIdentity(t, folder, "other")
	url := listenTLS(t, &tls.Config{Certificates: []tls.Certificate{server.Certificate}}, echoSecret)
	for name, c := range map[string]struct {
		tls    proxy.UpstreamTLS
		status int
	}{
		"the system's authorities": {proxy.UpstreamTLS{}, 502},
		"another authority":        {proxy.UpstreamTLS{CA: other.cert}, 502},
		"another name":             {proxy.UpstreamTLS{CA: server.cert, ServerName: "elsewhere.test"}, 502},
		"its other name":           {proxy.UpstreamTLS{CA: server.cert, ServerName: "model.test"}, 200},
		"unverified":               {proxy.UpstreamTLS{InsecureSkipVerify: true}, 200},
	} {
		w := start(t, setup{upstreams: map[string][]string{"1": {url}}, pool: proxy.PoolConfig{TLS: c.tls}})
		if a := w.once(plain); a.StatusCode != c.status {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
}

func TestAnIdleTLSConnectionThatClosedOrSpokeIsNotUsed(t *testing.T) {
	server := newIdentity(t, t.TempDir(), "server")
	for name, then := range map[string]func(s *secret){
		"close_notify":    func(s *secret) { _ = s.CloseWrite() },
		"closed":          func(s *secret) { _ = s.raw.Close() },
		"a second answer": func(s *secret) { fmt.Fprint(s, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen") },
	} {
		t.Run(name, func(t *testing.T) {
			idle := make(chan *secret, 100)
			var runs atomic.Int32
			url := listenTLS(t, &tls.Config{Certificates: []tls.Certificate{server.Certificate}}, func(s *secret) {
				for {
					if req, _ := s.request(); req == nil {
						return
					}
					runs.Add(1)
					_, _ = io.WriteString(s, ok)
					idle <- s
				}
			})
			w := start(t, setup{upstreams: map[string][]string{"1": {url}}, pool: proxy.PoolConfig{Warm: -1, TLS: proxy.UpstreamTLS{CA: server.cert}}})
			c := w.dial()
			for i := range 20 {
				if a := c.send(plain).recv("POST"); a.StatusCode != 200 || a.body != "ok" {
					t.Fatalf("request %d: %d %q", i, a.StatusCode, a.body)
				}
				then(<-idle)
				time.Sleep(2 * time.Millisecond) // the kernel's way over the loopback
			}
			if n := runs.Load(); n != 20 {
				t.Errorf("%d runs of 20 requests", n)
			}
		})
	}
}

// TestBytesBehindATLSAnswerCostItsConnection sends, in the same write as an
// answer, another one: as one record, and as one that fills buffers to the brim.
func TestBytesBehindATLSAnswerCostItsConnection(t *testing.T) {
	server := newIdentity(t, t.TempDir(), "server")
	const stolen = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"
	for _, size := range []int{2, 4 << 10, 8<<10 - 41, 8<<10 - 42, 16<<10 - 43, 16<<10 - 90, 40_000} {
		body := strings.Repeat("b", size)
		url := listenTLS(t, &tls.Config{Certificates: []tls.Certificate{server.Certificate}}, func(s *secret) {
			for {
				if req, _ := s.request(); req == nil {
					return
				}
				fmt.Fprintf(s, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s%s", size, body, stolen)
			}
		})
		w := start(t, setup{upstreams: map[string][]string{"1": {url}}, pool: proxy.PoolConfig{TLS: proxy.UpstreamTLS{CA: server.cert}}})
		c := w.dial()
		for range 5 {
			if a := c.send(plain).recv("POST"); a.body != body {
				t.Fatalf("%d: got %d bytes", size, len(a.body))
			}
		}
	}
}

func TestATLSStreamThatIsCutIsNeverAWholeAnswer(t *testing.T) {
	server := newIdentity(t, t.TempDir(), "server")
	for name, c := range map[string]struct {
		end   func(s *secret)
		whole bool
	}{
		"close_notify": {func(s *secret) { _ = s.CloseWrite() }, true},
		"FIN":          {func(s *secret) { _ = s.raw.(*net.TCPConn).CloseWrite() }, false},
	} {
		url := listenTLS(t, &tls.Config{Certificates: []tls.Certificate{server.Certificate}}, func(s *secret) {
			s.request()
			_, _ = io.WriteString(s, "HTTP/1.1 200 OK\r\n\r\nuntil the end")
			c.end(s)
			s.request()
		})
		w := start(t, setup{upstreams: map[string][]string{"1": {url}}, pool: proxy.PoolConfig{TLS: proxy.UpstreamTLS{CA: server.cert}}})
		a, err := w.dial().send(plain).tryRecv("POST")
		if (err == nil) != c.whole || c.whole && a.body != "until the end" {
			t.Errorf("%s: %v %q", name, err, a.body)
		}
	}
}

func TestCertificatesAreReadAgainWhenTheyChange(t *testing.T) {
	folder := t.TempDir()
	server, first, second := newIdentity(t, folder, "server"), newIdentity(t, folder, "first"), newIdentity(t, folder, "second")
	var mu sync.Mutex
	seen := ""
	cfg := &tls.Config{Certificates: []tls.Certificate{server.Certificate}, ClientAuth: tls.RequireAnyClientCert, VerifyConnection: func(s tls.ConnectionState) error {
		mu.Lock()
		defer mu.Unlock()
		seen = s.PeerCertificates[0].Subject.CommonName
		return nil
	}}
	url := listenTLS(t, cfg, func(s *secret) {
		s.request()
		_, _ = io.WriteString(s, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
	})
	cert, key := filepath.Join(folder, "shown.pem"), filepath.Join(folder, "shown.key")
	show := func(id identity) {
		for from, to := range map[string]string{id.cert: cert, id.key: key} {
			data, err := os.ReadFile(from)
			if err == nil {
				err = os.WriteFile(to, data, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	show(first)
	clock := new(atomic.Int64) // seconds
	w := start(t, setup{upstreams: map[string][]string{"1": {url}}, pool: proxy.PoolConfig{
		TLS: proxy.UpstreamTLS{CA: server.cert, Cert: cert, Key: key},
		Now: func() time.Time { return time.Now().Add(time.Duration(clock.Load()) * time.Second) },
	}})
	c := w.dial()
	shown := func() string {
		clock.Add(10)
		if a := c.send(plain).recv("POST"); a.StatusCode != 200 {
			t.Fatal(a.StatusCode)
		}
		mu.Lock()
		defer mu.Unlock()
		return seen
	}
	if got := shown(); got != "first" {
		t.Errorf("showed %q", got)
	}
	show(second)
	waitFor(t, func() bool { return shown() == "second" })
	if err := os.WriteFile(cert, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := shown(); got != "second" {
		t.Errorf("showed %q after a file was spoiled", got)
	}
}

func TestAPoolRefusesTLSFilesThatItCannotUse(t *testing.T) {
	id := newIdentity(t, t.TempDir(), "x")
	for name, cfg := range map[string]proxy.UpstreamTLS{
		"no file": {CA: "/does/not/exist"}, "no certificate": {CA: id.key}, "no key": {Cert: id.cert}, "swapped": {Cert: id.key, Key: id.cert},
	} {
		p, err := proxy.NewPool(proxy.PoolConfig{Endpoints: []string{"https://127.0.0.1:1"}, TLS: cfg}, slog.New(slog.DiscardHandler))
		if err == nil {
			p.Close()
			t.Errorf("%s: taken", name)
		}
	}
}

func TestAWebSocketPassesThroughToAnHTTPSEndpoint(t *testing.T) {
	server := newIdentity(t, t.TempDir(), "server")
	url := listenTLS(t, &tls.Config{Certificates: []tls.Certificate{server.Certificate}}, func(s *secret) {
		if req, _ := s.request(); req == nil {
			return
		}
		_, _ = io.WriteString(s, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello")
		got, _ := io.ReadAll(s.r)
		_, _ = s.Write(got)
	})
	w := start(t, setup{upstreams: map[string][]string{"1": {url}}, pool: proxy.PoolConfig{TLS: proxy.UpstreamTLS{CA: server.cert}}})
	c := w.dial().send("GET /v2/models/m HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 101 {
		t.Fatal(resp)
	}
	c.send("from the client")
	_ = c.CloseWrite()
	if rest, _ := io.ReadAll(c.r); string(rest) != "hellofrom the client" {
		t.Errorf("got %q", rest)
	}
}

func TestAKilledHTTPSEndpointFailsNoRequestOfAnIdempotentModel(t *testing.T) {
	server := newIdentity(t, t.TempDir(), "server")
	cfg := &tls.Config{Certificates: []tls.Certificate{server.Certificate}}
	var urls []string
	var kills []func()
	for range 3 {
		b := mortalBackend(t, func(p *peer) {
			s := tls.Server(p.TCPConn, cfg)
			if s.Handshake() == nil {
				echoSecret(&secret{s, bufio.NewReader(s), p.TCPConn})
			}
		})
		urls, kills = append(urls, strings.Replace(b.url, "http:", "https:", 1)), append(kills, b.kill)
	}
	w := start(t, setup{
		upstreams: map[string][]string{"1": urls}, settings: proxy.Settings{Idempotent: true},
		pool: proxy.PoolConfig{TLS: proxy.UpstreamTLS{CA: server.cert}}, observer: silent{}, quiet: true,
	})
	var wg sync.WaitGroup
	var n atomic.Int32
	for range 16 {
		wg.Go(func() {
			c := w.dial()
			for range 100 {
				if _, err := io.WriteString(c, plain); err != nil {
					t.Error(err)
					return
				}
				if a, err := c.tryRecv("POST"); err != nil || a.StatusCode != 200 {
					t.Errorf("a request failed: %v %+v", err, a)
					return
				}
				if n.Add(1) == 400 {
					kills[0]()
				}
			}
		})
	}
	wg.Wait()
}
