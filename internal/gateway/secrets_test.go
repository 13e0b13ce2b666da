package gateway_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority signs certificates for tests.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t}
	a.cert, a.key, a.pem, _ = a.make("authority")
	return a
}

// make makes a certificate and its key, signed by a, or by itself if a has none.
func (a *authority) make(name string) (cert *x509.Certificate, key *ecdsa.PrivateKey, certPEM, keyPEM []byte) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: a.cert == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := template, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	if cert, err = x509.ParseCertificate(der); err != nil {
		a.t.Fatal(err)
	}
	return cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

// write puts a new certificate called name and its key into two files.
func (a *authority) write(name, certFile, keyFile string) {
	a.t.Helper()
	_, _, cert, key := a.make(name)
	write(a.t, certFile, cert)
	write(a.t, keyFile, key)
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// protected is a gateway of model m with more sections of configuration, in
// whose folder files are.
func protected(t *testing.T, dir, sections string) *running {
	t.Helper()
	path := filepath.Join(dir, "weir.yaml")
	write(t, path, []byte("registry: {dir: ./registry}\nstate_dir: ./state\nmodels:\n  m: {protocol: oip}\n"+sections))
	r := startIn(t, dir, path)
	server := newModelServer(t)
	r.register("1", server)
	r.switchTo("1")
	return r
}

func TestCertificatesAreReplacedUnderConnections(t *testing.T) {
	dir, ca := t.TempDir(), newAuthority(t)
	crt, key, caFile := filepath.Join(dir, "a.crt"), filepath.Join(dir, "a.key"), filepath.Join(dir, "ca.crt")
	ca.write("first", crt, key)
	write(t, caFile, ca.pem)
	r := protected(t, dir, `listen: {http: "127.0.0.1:0", admin: "127.0.0.1:0", tls: {cert: a.crt, key: a.key, client_ca: ca.crt}}`+"\n")

	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	_, _, certPEM, keyPEM := ca.make("client")
	own, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	// ask makes one request and says which certificate the gateway showed.
	transport := func(c *tls.Config) *http.Transport {
		tr := &http.Transport{TLSClientConfig: c}
		t.Cleanup(tr.CloseIdleConnections)
		return tr
	}
	ask := func(tr *http.Transport) (string, error) {
		request, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+r.DataAddress().String()+"/v2/models/m", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := tr.RoundTrip(request)
		if err != nil {
			return "", err
		}
		defer answer.Body.Close()
		return answer.TLS.PeerCertificates[0].Subject.CommonName, nil
	}
	with := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{own}}
	kept := transport(with)
	if name, err := ask(kept); name != "first" || err != nil {
		t.Fatalf("got %q, %v", name, err)
	}
	if _, err := ask(transport(&tls.Config{RootCAs: roots})); err == nil {
		t.Error("a client without a certificate was served")
	}
	strange := newAuthority(t)
	_, _, certPEM, keyPEM = strange.make("client")
	other, _ := tls.X509KeyPair(certPEM, keyPEM)
	if _, err := ask(transport(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{other}})); err == nil {
		t.Error("a client of another authority was served")
	}
	for name, c := range map[string]*tls.Config{
		"TLS 1.1":      {RootCAs: roots, Certificates: []tls.Certificate{own}, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10},
		"a CBC cipher": {RootCAs: roots, Certificates: []tls.Certificate{own}, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}},
		"HTTP/2 only":  {RootCAs: roots, Certificates: []tls.Certificate{own}, NextProtos: []string{"h2"}},
	} {
		if conn, err := tls.Dial("tcp", r.DataAddress().String(), c); err == nil {
			_ = conn.Close()
			t.Errorf("%s was taken", name)
		}
	}

	ca.write("second", crt, key)
	if err := r.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if name, err := ask(transport(with)); name != "second" || err != nil {
		t.Errorf("after a reload a new connection got %q, %v", name, err)
	}
	if name, err := ask(kept); name != "first" || err != nil {
		t.Errorf("a kept connection got %q, %v", name, err)
	}
	write(t, crt, []byte("no certificate"))
	if err := r.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), crt) {
		t.Errorf("a broken certificate was taken: %v", err)
	}
	if name, err := ask(transport(with)); name != "second" || err != nil {
		t.Errorf("after a broken one a new connection got %q, %v", name, err)
	}
	ca.write("third", crt, key) // and nobody says so
	eventually(t, "the third certificate", func() bool {
		name, err := ask(transport(with))
		return name == "third" && err == nil
	})
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Log("no curl here")
		return
	}
	write(t, filepath.Join(dir, "c.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]}))
	_, _, certPEM, keyPEM = ca.make("curl")
	write(t, filepath.Join(dir, "c.crt"), certPEM)
	write(t, filepath.Join(dir, "c.key"), keyPEM)
	out, err := exec.CommandContext(t.Context(), curl, "-sS", "--cacert", caFile, "--cert", filepath.Join(dir, "c.crt"), "--key", filepath.Join(dir, "c.key"),
		"-o", "/dev/null", "-w", "%{http_code}", "https://"+r.DataAddress().String()+"/v2/models/m").CombinedOutput()
	if err != nil || string(out) != "200" {
		t.Errorf("curl: %s %v", out, err)
	}
}

func TestKeysAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "keys")
	write(t, file, []byte("# of the teams\nalpha\n\n  beta  \n"))
	r := protected(t, dir, "listen: {http: \"127.0.0.1:0\", admin: \"127.0.0.1:0\"}\nkeys: {file: keys}\n")
	ask := func(key string) int {
		status, _, _ := r.infer("Authorization", "Bearer "+key)
		return status
	}
	if ask("alpha") != 200 || ask("beta") != 200 || ask("gamma") != 401 || ask("# of the teams") != 401 {
		t.Error("the keys of the file don't hold")
	}
	write(t, file, []byte("gamma\n"))
	if err := r.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ask("alpha") != 401 || ask("gamma") != 200 {
		t.Error("the new keys don't hold")
	}
	write(t, file, nil)
	if err := r.Reload(t.Context()); err == nil {
		t.Error("a file without a key was taken")
	}
	if ask("gamma") != 200 {
		t.Error("an empty file locked everybody out")
	}
	for _, key := range []string{"alpha", "beta", "gamma"} {
		if strings.Contains(r.logged.String(), key) {
			t.Errorf("the log has the key %s", key)
		}
	}
}
