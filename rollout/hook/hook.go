package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/weir-gateway/weir/rollout"
)

// The headers of a message.
const (
	HeaderID        = "Webhook-Id"        // the same at every try
	HeaderTimestamp = "Webhook-Timestamp" // of the try, in seconds since 1970
	HeaderSignature = "Webhook-Signature" // v1,BASE64(HMAC-SHA256(secret, id.timestamp.body))
)

const (
	maxAnswer = 4096 // bytes that are read
	maxLine   = 200  // characters that are kept
	firstWait = time.Second
	longest   = 30 * time.Second // wait between two tries
)

// Options configure a Caller.
type Options struct {
	// Getenv tells a secret; required.
	Getenv func(name string) string
	// Transport sends; default: one of its own, without connections kept.
	Transport http.RoundTripper
	Agent     string           // the user-agent
	Now       func() time.Time // default time.Now
}

// Caller implements rollout.Hooks.
type Caller struct {
	o      Options
	client *http.Client
}

// New makes a caller.
func New(o Options) *Caller {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSHandshakeTimeout: 10 * time.Second}
	}
	return &Caller{o: o, client: &http.Client{
		Transport: o.Transport,
		// Whoever signs for one address does not speak to another.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Call implements rollout.Hooks. Tried again is what may pass: no answer, 429
// and 5xx. Any other answer is one.
func (c *Caller) Call(ctx context.Context, h rollout.Hook, id string, body []byte) rollout.HookAnswer {
	answer := rollout.HookAnswer{URL: h.URL}
	key, err := secret(c.o.Getenv(h.SecretEnv))
	if err != nil {
		answer.Line = fmt.Sprintf("not sent: the variable %s %v", h.SecretEnv, err)
		return answer
	}
	wait := firstWait
	for {
		answer.Tries++
		answer.Status, answer.Line = c.try(ctx, h, key, id, body)
		answer.OK = answer.Status/100 == 2
		passing := answer.Status == 0 || answer.Status == http.StatusTooManyRequests || answer.Status/100 == 5
		if answer.OK || !passing || answer.Tries > h.Retries {
			return answer
		}
		timer := time.NewTimer(jittered(wait, id, answer.Tries))
		select {
		case <-ctx.Done():
			timer.Stop()
			return answer
		case <-timer.C:
		}
		wait = min(2*wait, longest)
	}
}

// jittered is between half of a wait and all of it, so that many messages don't
// come back at once.
func jittered(wait time.Duration, id string, try int) time.Duration {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", id, try))
	part := float64(binary.BigEndian.Uint32(sum[:4])) / (1 << 32)
	return wait/2 + time.Duration(part*float64(wait/2))
}

// try sends once; status 0: there was no answer.
func (c *Caller) try(ctx context.Context, h rollout.Hook, key []byte, id string, body []byte) (status int, line string) {
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return 0, "the URL can't be used"
	}
	stamp := strconv.FormatInt(c.o.Now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", c.o.Agent)
	request.Header.Set(HeaderID, id)
	request.Header.Set(HeaderTimestamp, stamp)
	request.Header.Set(HeaderSignature, Sign(key, id, stamp, body))
	response, err := c.client.Do(request)
	if err != nil {
		var inner *url.Error
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return 0, "none within " + h.Timeout.String()
		case errors.As(err, &inner):
			return 0, firstLine([]byte(inner.Err.Error())) // without the URL, which is beside it
		}
		return 0, firstLine([]byte(err.Error()))
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil && len(text) == 0 {
		return response.StatusCode, "" // what it says is not needed
	}
	return response.StatusCode, firstLine(text)
}

// Sign is a message's signature.
func Sign(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// secret is the key that a variable has: its bytes or, after whsec_, what they
// are the base64 of, as webhooks' libraries write them.
func secret(text string) ([]byte, error) {
	encoded, is := strings.CutPrefix(text, "whsec_")
	switch {
	case text == "":
		return nil, errors.New("is empty")
	case !is:
		return []byte(text), nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) == 0 {
		return nil, errors.New("has no base64 after whsec_")
	}
	return key, nil
}

// firstLine is the first line that says anything, printable and short.
func firstLine(text []byte) string {
	for line := range strings.Lines(strings.ToValidUTF8(string(text), "�")) {
		line = strings.TrimSpace(strings.Map(func(r rune) rune {
			if unicode.IsPrint(r) {
				return r
			}
			return ' '
		}, line))
		if runes := []rune(line); len(runes) > maxLine {
			return string(runes[:maxLine]) + "…"
		}
		if line != "" {
			return line
		}
	}
	return ""
}
