package consul

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/consul/consultest"
)

const master = "6f1c2b52-8f6c-4b5e-9d6e-0d4a6a3f0001"

func TestARevokedTokenIsAnOutageUntilThereIsAnother(t *testing.T) {
	server := consultest.Start(t, consultest.Options{
		Token:  master,
		Config: `acl { enabled = true default_policy = "deny" tokens { initial_management = "` + master + `" } }`,
	})
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(master+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	client, transport, err := connect(Options{Address: server.Address, Timeout: 30 * time.Second, TokenFile: file})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	policy, _, err := client.ACL().PolicyCreate(&api.ACLPolicy{Name: "weir", Rules: `key_prefix "weir/" { policy = "write" }`}, nil)
	if err != nil {
		t.Fatal(err)
	}
	issue := func() *api.ACLToken {
		token, _, err := client.ACL().TokenCreate(&api.ACLToken{Policies: []*api.ACLTokenPolicyLink{{ID: policy.ID}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}

	first := issue()
	t.Setenv("WEIR_TEST_TOKEN", first.SecretID)
	opts := quick(server.Address)
	opts.TokenEnv = "WEIR_TEST_TOKEN"
	opts.Wait = time.Second // so that the query under way ends soon after
	s := open(t, opts)
	w := watch(t, s)
	seed(t, s) // its rights are just what docs/consul.md says they must be
	w.until(t, "the traffic", risen(1))

	if _, err := client.ACL().TokenDelete(first.AccessorID, nil); err != nil {
		t.Fatal(err)
	}
	// Consul does not fail for a token that it does not know any more: it
	// answers like one who may read nothing, or refuses. Neither takes anything away.
	state := w.until(t, "the loss", func(s registry.Snapshot) bool { return s.Lost != nil || len(s.Problems) > 0 })
	if generation(state) != 1 {
		t.Errorf("the traffic went with the token: %+v", state)
	}
	if _, err := s.Commit(t.Context(), whole("2"), 1); err == nil || !strings.Contains(err.Error(), "refuses the token; it needs key:read and key:write on weir/") {
		t.Errorf("a commit with a revoked token: %v", err)
	}

	t.Setenv("WEIR_TEST_TOKEN", issue().SecretID)
	w.until(t, "the way back", well)
	commit(t, s, "2", 1)
	w.until(t, "a commit after it", risen(2))
}

func TestTLSWithClientCertificates(t *testing.T) {
	dir := t.TempDir()
	certificates(t, dir)
	file := func(name string) string { return filepath.Join(dir, name) }
	port := consultest.FreePort(t)
	consultest.Start(t, consultest.Options{Config: fmt.Sprintf(
		`ports { https = %d } tls { https { ca_file = %q cert_file = %q key_file = %q verify_incoming = true } }`,
		port, file("ca.pem"), file("server.pem"), file("server.key"))})
	opts := Options{
		Address: fmt.Sprintf("https://127.0.0.1:%d", port),
		TLS:     TLS{CA: file("ca.pem"), Cert: file("client.pem"), Key: file("client.key"), ServerName: "consul.test"},
	}
	s := open(t, opts)
	seed(t, s)

	for what, spoil := range map[string]func(*Options){
		"without a client certificate": func(o *Options) { o.TLS.Cert, o.TLS.Key = "", "" },
		"with another server name":     func(o *Options) { o.TLS.ServerName = "other.test" },
		"with unknown authorities":     func(o *Options) { o.TLS.CA = "" },
	} {
		o := opts
		spoil(&o)
		snapshot, err := open(t, o).Snapshot(t.Context())
		if err != nil || snapshot.Lost == nil {
			t.Errorf("%s: %+v, %v; want a loss", what, snapshot, err)
		}
	}
}

// certificates writes an authority, and a server's and a client's certificate.
func certificates(t *testing.T, dir string) {
	t.Helper()
	write := func(name, kind string, der []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var authority *x509.Certificate
	var authorityKey *ecdsa.PrivateKey
	for i, name := range []string{"ca", "server", "client"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
			DNSNames: []string{"consul.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		if authority == nil {
			template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
			authority, authorityKey = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, authority, &key.PublicKey, authorityKey)
		if err != nil {
			t.Fatal(err)
		}
		write(name+".pem", "CERTIFICATE", der)
		if der, err = x509.MarshalECPrivateKey(key); err != nil {
			t.Fatal(err)
		}
		write(name+".key", "EC PRIVATE KEY", der)
	}
}

func TestWhatIsTooLargeForConsulIsRefusedBeforeItIsSent(t *testing.T) {
	server := consultest.Start(t, consultest.Options{})
	s := open(t, quick(server.Address))
	noise := make([]byte, maxValue+1)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutProfile(t.Context(), noise); !errors.Is(err, registry.ErrInvalid) || !strings.Contains(err.Error(), "more than the 524288") {
		t.Errorf("a profile that does not compress: %v", err)
	}
	plain := bytes.Repeat([]byte(`{"name":"dep_delay"},`), 100_000) // 2 MB
	address, err := s.PutProfile(t.Context(), plain)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := s.Profile(t.Context(), address); err != nil || !bytes.Equal(back, plain) {
		t.Errorf("the profile came back with %d bytes, %v", len(back), err)
	}
	v := version("1")
	v.Params = map[string]string{}
	for i := range 200 {
		v.Params[fmt.Sprint(i)] = strings.Repeat("x", 4000)
	}
	if _, err := s.Register(t.Context(), v); !errors.Is(err, registry.ErrInvalid) || !strings.Contains(err.Error(), "version: takes") {
		t.Errorf("a version with long parameters: %v", err)
	}
	next := whole("1")
	next.Evidence = []byte(`"` + strings.Repeat("e", 128<<10-2) + `"`) // the most there may be
	if _, err := s.Register(t.Context(), version("1")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), next, 0); err != nil {
		t.Errorf("the largest evidence: %v", err)
	}
}

func TestOptionsThatCannotBeMeantAreRefused(t *testing.T) {
	for want, opts := range map[string]Options{
		"names with / between them": {Prefix: "/weir/"},
		"needs both files":          {TLS: TLS{Cert: "c.pem"}},
		"is without TLS":            {Address: "http://h:1", TLS: TLS{CA: "ca.pem"}},
		"neither host:port nor":     {Address: "unix:///run/consul"},
		"without a path":            {Address: "http://h:1/consul"},
		"authorities of Consul's":   {TLS: TLS{CA: "nowhere.pem"}},
		"the client certificate":    {TLS: TLS{Cert: "nowhere.pem", Key: "nowhere.key"}},
	} {
		if s, err := Open(opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error with %q", opts, err, want)
			if err == nil {
				_ = s.Close()
			}
		}
	}
}
