package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

// certified returns a certificate for 127.0.0.1, signed by itself.
func certified(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "weir"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// encrypted is a gateway that speaks TLS in front of the backends.
type encrypted struct {
	*weir
	trust *x509.CertPool
}

func encrypt(t *testing.T, s setup) *encrypted {
	certificate, trust := certified(t)
	s.config.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}}
	return &encrypted{start(t, s), trust}
}

// secure is a client's TLS connection.
type secure struct {
	*client
	tls *tls.Conn
}

func (e *encrypted) dialTLS() *secure {
	e.t.Helper()
	conn, err := tls.Dial("tcp", e.address, &tls.Config{RootCAs: e.trust, NextProtos: []string{"http/1.1"}})
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &secure{&client{t: e.t, r: bufio.NewReader(conn)}, conn}
}

func (s *secure) send(text string) *secure {
	s.t.Helper()
	if _, err := io.WriteString(s.tls, text); err != nil {
		s.t.Fatal("client:", err)
	}
	return s
}

func TestRequestsOverTLS(t *testing.T) {
	b := listen(t, echo)
	e := encrypt(t, setup{upstreams: map[string][]string{"1": {b.url}}})
	c := e.dialTLS()
	if p := c.tls.ConnectionState().NegotiatedProtocol; p != "http/1.1" {
		t.Errorf("ALPN chose %q", p)
	}
	for range 3 { // kept alive
		if a := c.send(plain).recv("POST"); a.StatusCode != 200 || !strings.HasSuffix(a.body, "hello") {
			t.Fatalf("got %d %q", a.StatusCode, a.body)
		}
	}
	// Requests in one record, and so in TLS's buffer while ours is given back.
	c.send(strings.Repeat(plain, 200))
	for i := range 200 {
		if a := c.recv("POST"); a.StatusCode != 200 {
			t.Fatalf("pipelined request %d got %d", i, a.StatusCode)
		}
	}
	// One in single bytes, each a record.
	for i := range plain {
		c.send(plain[i : i+1])
	}
	if a := c.recv("POST"); a.StatusCode != 200 {
		t.Errorf("got %d", a.StatusCode)
	}
	if x := e.watchers["1"].next(t); x.Client.String() != "127.0.0.1" {
		t.Errorf("the client is %s", x.Client)
	}
}

func TestLargeBodiesOverTLSBothWays(t *testing.T) {
	b := listen(t, echo)
	e := encrypt(t, setup{upstreams: map[string][]string{"1": {b.url}}})
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	c := e.dialTLS()
	for range 2 {
		go c.tls.Write(append([]byte("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"), body...))
		if a := c.recv("POST"); a.StatusCode != 200 || !strings.HasSuffix(a.body, string(body)) {
			t.Fatalf("got %d and %d bytes", a.StatusCode, len(a.body))
		}
	}
}

func TestAClientThatLeavesATLSConnectionFreesTheUpstream(t *testing.T) {
	b := listen(t, nil)
	e := encrypt(t, setup{upstreams: map[string][]string{"1": {b.url}}})
	c := e.dialTLS().send(plain)
	p, _ := b.take(t)
	if _, err := io.ReadFull(p.r, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	c.tls.Close()
	closedWithin(t, p)
	if x := e.watchers["1"].next(t); x.Fault != proxy.FaultClientGone {
		t.Errorf("got %v", x.Fault)
	}
}

func TestABrokenAnswerDoesNotEndTLSInOrder(t *testing.T) {
	b := listen(t, func(p *peer) {
		if req, _ := p.request(); req != nil {
			p.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
			time.Sleep(50 * time.Millisecond)
			p.reset()
		}
	})
	e := encrypt(t, setup{upstreams: map[string][]string{"1": {b.url}}, quiet: true})
	c := e.dialTLS().send("GET /v2/models/m HTTP/1.0\r\n\r\n")
	if got, err := io.ReadAll(c.r); err == nil {
		t.Errorf("the connection ended as if all had been sent: %q", got)
	}
}

func TestWhatIsNoTLSIsClosedWithoutAnAnswer(t *testing.T) {
	r := &refusals{}
	e := encrypt(t, setup{upstreams: map[string][]string{"1": {listen(t, echo).url}}, config: proxy.Config{HeadTimeout: 50 * time.Millisecond, Refused: r.note}})
	if got, _ := io.ReadAll(e.dial().send(plain)); bytes.Contains(got, []byte("200")) {
		t.Errorf("a plain request got %q", got)
	}
	if !e.dial().ended() { // sends nothing at all
		t.Error("a silent client is kept")
	}
	waitFor(t, func() bool { return r.of("tls-handshake") == 2 })
}

func TestShutdownEndsIdleTLSConnectionsInOrder(t *testing.T) {
	e := encrypt(t, setup{upstreams: map[string][]string{"1": {listen(t, echo).url}}})
	c := e.dialTLS().send(plain)
	c.recv("POST")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := e.server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if _, err := c.r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v instead of TLS's end", err)
	}
}

func TestAnUpgradeOverTLS(t *testing.T) {
	b := listen(t, func(p *peer) {
		if p.head() == "" {
			return
		}
		p.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
		_, _ = io.Copy(p, p.r)
		_ = p.CloseWrite()
	})
	e := encrypt(t, setup{upstreams: map[string][]string{"1": {b.url}}})
	c := e.dialTLS().send("GET /v2/models/m HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly")
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == "\r\n" {
			break
		}
	}
	c.send(" late")
	_ = c.tls.CloseWrite()
	if got, err := io.ReadAll(c.r); string(got) != "early late" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestARestingTLSConnectionServesItsNextRequest(t *testing.T) {
	e := encrypt(t, setup{upstreams: map[string][]string{"1": {listen(t, echo).url}}, config: proxy.Config{Rest: time.Millisecond}})
	s := e.dialTLS()
	for range 3 {
		e.waitForRest(1) // the first time before it has had any
		if a := s.send(plain).recv("POST"); a.StatusCode != 200 {
			t.Fatalf("got %d", a.StatusCode)
		}
	}
	e.waitForRest(1)
	if err := e.server.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := s.r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("it did not end in order: %v", err)
	}
}
