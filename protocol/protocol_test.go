package protocol

import (
	"strings"
	"testing"
)

func TestNewNamesTheKnownProtocols(t *testing.T) {
	for _, name := range []string{"oip", "tfserving", "mlflow", "json"} {
		if p := protocolNamed(t, name, nil); p.Name() != name {
			t.Errorf("%s calls itself %s", name, p.Name())
		}
	}
	if _, err := New("grpc", Options{}); err == nil || !strings.Contains(err.Error(), "oip, tfserving, mlflow and json") {
		t.Errorf("unknown protocol: %v", err)
	}
}

func TestDefaultPrefix(t *testing.T) {
	for name, want := range map[string]string{"oip": "/v2/models/m", "tfserving": "/v1/models/m", "mlflow": "/invocations"} {
		if got, ok := DefaultPrefix(name, "m"); got != want || !ok {
			t.Errorf("%s: %s, %v", name, got, ok)
		}
	}
	if got, ok := DefaultPrefix("json", "m"); ok {
		t.Errorf("json has the prefix %s", got)
	}
}

func TestInferenceCallsAreToldFromOthers(t *testing.T) {
	for _, c := range []struct {
		protocol, method, rest string
		want                   bool
	}{
		{"oip", "POST", "/infer", true},
		{"oip", "POST", "/versions/3/infer", true},
		{"oip", "GET", "/infer", false},
		{"oip", "GET", "", false},
		{"oip", "GET", "/versions/3/ready", false},
		{"oip", "POST", "/generate", false},
		{"oip", "POST", "/versions//infer", false},
		{"tfserving", "POST", ":predict", true},
		{"tfserving", "POST", "/versions/3:classify", true},
		{"tfserving", "POST", "/labels/canary:regress", true},
		{"tfserving", "GET", "/metadata", false},
		{"tfserving", "POST", "/versions/3", false},
		{"mlflow", "POST", "", true},
		{"mlflow", "POST", "/ping", false},
		{"json", "POST", "/anything", true},
		{"json", "GET", "/anything", false},
	} {
		if got := protocolNamed(t, c.protocol, nil).IsInference(c.method, c.rest); got != c.want {
			t.Errorf("%s: %s %q: got %v", c.protocol, c.method, c.rest, got)
		}
	}
}
