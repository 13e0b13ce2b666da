package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/weir-gateway/weir/admin/access"
	"github.com/weir-gateway/weir/admin/client"
)

// patience is how long a script waits for a gateway to come up. It decides nothing but when a broken test ends.
const patience = 30 * time.Second

// freePorts gives the script two addresses for its gateway, in HTTP and WEIR_ADMIN.
func freePorts(e *testscript.Env) error {
	for _, name := range []string{"HTTP", "WEIR_ADMIN"} {
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer func() { _ = l.Close() }() // not before there are both: they would be one
		e.Setenv(name, l.Addr().String())
	}
	return nil
}

// expand puts the script's variables into a file.
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expand FILE")
	}
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// tokens makes a token of each role, named like it: the file tokens for the gateway, ROLE.token for its owner, and
// VIEWER_TOKEN.
func tokens(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: tokens")
	}
	var lines strings.Builder
	for i, name := range access.Roles() {
		secret, token, err := access.New(name, access.Role(i+1))
		ts.Check(err)
		lines.WriteString(token.Line() + "\n")
		ts.Check(os.WriteFile(ts.MkAbs(name+".token"), []byte(secret+"\n"), 0o600))
		if name == "viewer" {
			ts.Setenv("VIEWER_TOKEN", secret)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs("tokens"), []byte(lines.String()), 0o600))
}

// certificates makes an authority in ca.crt, and a certificate of it for this machine in a.crt and a.key.
func certificates(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: certificates")
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	own := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "alice"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	write := func(file, kind string, der []byte, err error) {
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	}
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, &signer.PublicKey, signer)
	write("ca.crt", "CERTIFICATE", der, err)
	der, err = x509.CreateCertificate(rand.Reader, own, authority, &key.PublicKey, signer)
	write("a.crt", "CERTIFICATE", der, err)
	der, err = x509.MarshalPKCS8PrivateKey(key)
	write("a.key", "PRIVATE KEY", der, err)
}

// listens waits until somebody takes connections at the address.
func listens(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: listens ADDRESS")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", args[0])
		if err == nil {
			ts.Check(conn.Close())
			return
		}
		if ctx.Err() != nil {
			ts.Fatalf("nobody listens at %s after %v: %v", args[0], patience, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// modelServer starts a model server that answers everything: model NAME sets $NAME to its URL.
func modelServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: model NAME")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"model_name":%q,"outputs":[{"name":"late","shape":[1],"datatype":"FP64","data":[0.25]}]}`, args[0])
	}))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}

// ready waits until the gateway at $WEIR_ADMIN is ready.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: ready")
	}
	options := client.Options{}
	if strings.HasPrefix(ts.Getenv("WEIR_ADMIN"), "https:") {
		var err error
		options, err = proof{ca: ts.MkAbs("ca.crt")}.options(func(string) string { return "" })
		ts.Check(err)
	}
	c, err := client.New(ts.Getenv("WEIR_ADMIN"), options)
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		answer, err := c.Ready(ctx)
		if err == nil && answer.Ready {
			return
		}
		if ctx.Err() != nil {
			ts.Fatalf("not ready after %v: %+v, %v", patience, answer, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// infer makes N requests and prints how many were answered, by status and version.
func infer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: infer MODEL N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	url := "http://" + ts.Getenv("HTTP") + "/v2/models/" + args[0] + "/infer"
	answers := map[string]int{}
	for i := range n {
		body := fmt.Sprintf(`{"inputs":[{"name":"delay","shape":[1],"datatype":"FP64","data":[%d]}]}`, i%60)
		response, err := http.Post(url, "application/json", strings.NewReader(body))
		ts.Check(err)
		_, err = io.Copy(io.Discard, response.Body)
		ts.Check(err)
		ts.Check(response.Body.Close())
		answers[fmt.Sprintf("%d from version %s", response.StatusCode, response.Header.Get("X-Weir-Version"))]++
	}
	for _, answer := range slices.Sorted(maps.Keys(answers)) {
		_, err := fmt.Fprintf(ts.Stdout(), "%d times %s\n", answers[answer], answer)
		ts.Check(err)
	}
}
