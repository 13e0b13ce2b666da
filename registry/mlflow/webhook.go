package mlflow

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The headers of a webhook of MLflow 3.3 and later, from mlflow/webhooks/constants.py.
const (
	headerSignature = "X-MLflow-Signature"
	headerTimestamp = "X-MLflow-Timestamp"
	headerDelivery  = "X-MLflow-Delivery-Id"
)

const (
	window        = 5 * time.Minute // how far a delivery's time may be from ours
	maxDeliveries = 4096            // remembered; all of them had the secret
	maxDelivery   = 128             // bytes of an id, which is a UUID
)

// ErrForged is why a delivery is refused, whatever is wrong with it.
var ErrForged = errors.New("not a delivery of MLflow")

// Verifier tells MLflow's deliveries from others': signed with the secret, made
// just now, and not seen before.
type Verifier struct {
	secret func() string
	now    func() time.Time

	mu   sync.Mutex
	seen map[string]time.Time // id → when it can be forgotten
}

// NewVerifier makes one. The secret is asked for at every delivery; empty, all
// are refused.
func NewVerifier(secret func() string, now func() time.Time) *Verifier {
	return &Verifier{secret: secret, now: now, seen: map[string]time.Time{}}
}

// Verify returns nil for a delivery of MLflow's, and ErrForged with the reason
// for anything else.
func (v *Verifier) Verify(header http.Header, body []byte) error {
	secret := v.secret()
	if secret == "" {
		return fmt.Errorf("the variable with the webhook's secret is empty; set it and start again: %w", ErrForged)
	}
	id, stamp := header.Get(headerDelivery), header.Get(headerTimestamp)
	if id == "" || len(id) > maxDelivery || stamp == "" || !signed(header.Get(headerSignature), secret, id, stamp, body) {
		return fmt.Errorf("the signature in %s does not match; give MLflow's webhook the same secret: %w", headerSignature, ErrForged)
	}
	// From here on the words are MLflow's own, perhaps repeated by somebody else.
	sent, err := strconv.ParseInt(stamp, 10, 64)
	now := v.now()
	if err != nil || now.Sub(time.Unix(sent, 0)).Abs() > window {
		return fmt.Errorf("%s is more than %s from this machine's clock: %w", headerTimestamp, window, ErrForged)
	}
	return v.once(id, now)
}

// once refuses an id that it has seen. One is kept until its time is out of the
// window whatever the clocks say.
func (v *Verifier) once(id string, now time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for old, until := range v.seen {
		if now.After(until) {
			delete(v.seen, old)
		}
	}
	if _, ok := v.seen[id]; ok {
		return fmt.Errorf("delivery %s was here before: %w", id, ErrForged)
	}
	if len(v.seen) >= maxDeliveries {
		return fmt.Errorf("%d deliveries in %s are more than are kept apart: %w", maxDeliveries, 2*window, ErrForged)
	}
	v.seen[id] = now.Add(2 * window)
	return nil
}

// signed says whether one of the signatures is ours. There may be several, with
// spaces between them, while a secret is replaced (standardwebhooks.com); MLflow
// sends one.
func signed(signatures, secret, id, stamp string, body []byte) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	want := mac.Sum(nil)
	ok := false
	for signature := range strings.FieldsSeq(signatures) {
		encoded, is := strings.CutPrefix(signature, "v1,")
		got, err := base64.StdEncoding.DecodeString(encoded)
		ok = ok || is && err == nil && hmac.Equal(got, want)
	}
	return ok
}
