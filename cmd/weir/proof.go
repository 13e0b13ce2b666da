package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/admin/client"
)

// proof is by what the command and the gateway prove to each other who they are.
type proof struct{ tokenFile, ca, cert, key string }

// proves gives a verb the flags for that.
func (a *app) proves(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.proof.tokenFile, "token-file", "", "the file with your token, where the gateway wants one (default $WEIR_TOKEN, the token itself)")
	f.StringVar(&a.proof.ca, "ca", "", "PEM file of the authority that signed the gateway's certificate (default: the system's, or $SSL_CERT_FILE)")
	f.StringVar(&a.proof.cert, "cert", "", "PEM file of your certificate, where the gateway wants one")
	f.StringVar(&a.proof.key, "key", "", "PEM file of its key")
	cmd.MarkFlagsRequiredTogether("cert", "key")
}

func (p proof) options(getenv func(string) string) (o client.Options, err error) {
	if o.Token, err = p.token(getenv); err != nil {
		return o, err
	}
	if p.ca == "" && p.cert == "" {
		return o, nil
	}
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if p.ca != "" {
		content, err := os.ReadFile(p.ca)
		if err != nil {
			return o, fmt.Errorf("--ca: %w", err)
		}
		o.TLS.RootCAs = x509.NewCertPool()
		if !o.TLS.RootCAs.AppendCertsFromPEM(content) {
			return o, fmt.Errorf("--ca: %s has no certificate in PEM", p.ca)
		}
	}
	if p.cert != "" {
		pair, err := tls.LoadX509KeyPair(p.cert, p.key)
		if err != nil {
			return o, fmt.Errorf("--cert and --key: %w", err)
		}
		o.TLS.Certificates = []tls.Certificate{pair}
	}
	return o, nil
}

func (p proof) token(getenv func(string) string) (string, error) {
	text, where := getenv("WEIR_TOKEN"), "WEIR_TOKEN"
	if p.tokenFile != "" {
		content, err := os.ReadFile(p.tokenFile)
		if err != nil {
			return "", fmt.Errorf("--token-file: %w", err)
		}
		text, where = string(content), "--token-file "+p.tokenFile
		if strings.TrimSpace(text) == "" {
			return "", fmt.Errorf("%s: the file is empty; put the token into it", where)
		}
	}
	text = strings.TrimSpace(text)
	// The text itself is not repeated: it is a secret, or another file's content.
	if strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", fmt.Errorf("%s: is not one token: it has blanks or other characters than visible ASCII", where)
	}
	return text, nil
}

// isCertificate says whether the gateway's certificate was not trusted.
func isCertificate(err error) bool {
	_, is := errors.AsType[*tls.CertificateVerificationError](err)
	return is
}

// wantsCertificate says whether the gateway wants a certificate of the caller's, or another one. The alert that says
// so has a type of its own in crypto/tls, and only its words tell which one it is.
func wantsCertificate(err error) bool {
	remote, is := errors.AsType[*net.OpError](err)
	return is && remote.Op == "remote error" && strings.Contains(remote.Error(), "certificate")
}
