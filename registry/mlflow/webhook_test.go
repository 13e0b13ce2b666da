package mlflow

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// delivery is one as MLflow 3.17.2 signs it: the signature is from its own
// mlflow.webhooks.delivery._generate_hmac_signature.
func delivery() (http.Header, []byte) {
	h := http.Header{}
	h.Set("X-MLflow-Delivery-Id", "6f1f0c0e-6f0a-4c6b-8f8e-0d9d3b1c2a11")
	h.Set("X-MLflow-Timestamp", "1795800000")
	h.Set("X-MLflow-Signature", "v1,fd9ZcHj5hC09IZYhA153DDsXN5a5P/L5lgon6Gh85LA=")
	return h, []byte(`{"entity": "model_version_alias", "action": "created", "data": {"name": "flights", "alias": "champion", "version": "2"}}`)
}

func verifier(secret string, now time.Time) *Verifier {
	return NewVerifier(func() string { return secret }, func() time.Time { return now })
}

func TestADeliveryOfMLflowIsTakenOnce(t *testing.T) {
	v := verifier("s3cret", time.Unix(1795800000+299, 0))
	header, body := delivery()
	if err := v.Verify(header, body); err != nil {
		t.Fatal(err)
	}
	if err := v.Verify(header, body); !errors.Is(err, ErrForged) || !strings.Contains(err.Error(), "was here before") {
		t.Errorf("the same again: %v", err)
	}
}

func TestADeliveryOfSomebodyElseIsRefused(t *testing.T) {
	at := time.Unix(1795800000, 0)
	cases := map[string]struct {
		secret string
		now    time.Time
		change func(http.Header)
		body   string // added
		says   string
	}{
		"another secret":     {secret: "other", now: at, says: "does not match"},
		"no secret here":     {now: at, says: "is empty"},
		"another body":       {secret: "s3cret", now: at, body: " ", says: "does not match"},
		"no signature":       {secret: "s3cret", now: at, change: func(h http.Header) { h.Del(headerSignature) }, says: "does not match"},
		"another version":    {secret: "s3cret", now: at, change: func(h http.Header) { h.Set(headerSignature, "v2"+h.Get(headerSignature)[2:]) }, says: "does not match"},
		"no base64":          {secret: "s3cret", now: at, change: func(h http.Header) { h.Set(headerSignature, "v1,===") }, says: "does not match"},
		"an empty signature": {secret: "s3cret", now: at, change: func(h http.Header) { h.Set(headerSignature, "v1,") }, says: "does not match"},
		"another id":         {secret: "s3cret", now: at, change: func(h http.Header) { h.Set(headerDelivery, "7") }, says: "does not match"},
		"no id":              {secret: "s3cret", now: at, change: func(h http.Header) { h.Del(headerDelivery) }, says: "does not match"},
		"another time":       {secret: "s3cret", now: at, change: func(h http.Header) { h.Set(headerTimestamp, "1795800001") }, says: "does not match"},
		"too old":            {secret: "s3cret", now: at.Add(window + time.Second), says: "clock"},
		"from the future":    {secret: "s3cret", now: at.Add(-window - time.Second), says: "clock"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			header, body := delivery()
			if c.change != nil {
				c.change(header)
			}
			v := verifier(c.secret, c.now)
			if err := v.Verify(header, append(body, c.body...)); !errors.Is(err, ErrForged) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			if len(v.seen) != 0 {
				t.Error("it takes up memory")
			}
		})
	}
}

func TestOneOfSeveralSignaturesIsEnough(t *testing.T) {
	header, body := delivery()
	header.Set(headerSignature, "v1,AAAA "+header.Get(headerSignature))
	if err := verifier("s3cret", time.Unix(1795800000, 0)).Verify(header, body); err != nil {
		t.Error(err)
	}
}

func TestWhatIsRememberedOfDeliveriesIsBounded(t *testing.T) {
	now := time.Unix(1795800000, 0)
	v := NewVerifier(func() string { return "s" }, func() time.Time { return now })
	for i := range maxDeliveries {
		if err := v.once(fmt.Sprint(i), now); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.once("one more", now); !errors.Is(err, ErrForged) {
		t.Errorf("one more: %v", err)
	}
	now = now.Add(2*window + time.Second)
	if err := v.once("later", now); err != nil || len(v.seen) != 1 {
		t.Errorf("later: %v, %d remembered", err, len(v.seen))
	}
}
