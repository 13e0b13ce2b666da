package peers

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// talk lets a script with tritonclient talk to a server, directly and through the
// gateway, and demands that it gets the same, on the wire and in its own eyes. It
// returns the answers and what the script printed.
func talk(t *testing.T, w *weir, bin, server, name string) ([]answer, []string) {
	t.Helper()
	var answers [2][]answer
	var printed [2]string
	for i, url := range []string{server, w.data} {
		wire := newTap(t, strings.TrimPrefix(url, "http://"))
		printed[i] = run(t, filepath.Join(bin, "python"), script(t, name), wire.address())
		answers[i] = wire.close(t)
	}
	if printed[0] != printed[1] {
		t.Errorf("%s printed\ndirectly %s\nthrough  %s", name, printed[0], printed[1])
	}
	if len(answers[0]) != len(answers[1]) {
		t.Fatalf("%d answers directly, %d through the gateway", len(answers[0]), len(answers[1]))
	}
	for i, direct := range answers[0] {
		through := answers[1][i]
		if direct.status != through.status || !bytes.Equal(direct.body, through.body) {
			t.Errorf("answer %d\ndirectly %d %q\nthrough  %d %q", i, direct.status, direct.body, through.status, through.body)
		}
		if through.header.Get("X-Weir-Version") != "1" {
			t.Errorf("answer %d did not go through version 1: %v", i, through.header)
		}
		sameHeader(t, direct.header, through.header)
	}
	return answers[1], strings.Split(strings.TrimSpace(printed[1]), "\n")
}

func TestTritonClientTalksToMLServerThroughWeir(t *testing.T) {
	server, train := startMLServer(t)
	w := startWeir(t, irisOverOIP)
	w.deploy("iris", server+"/v2/models/iris", train, "predict")

	answers, printed := talk(t, w, environment(t, "mlserver"), server, "triton_iris.py")
	if len(printed) != 5 || printed[0] != `{"ready": true}` {
		t.Fatalf("the script printed %q", printed)
	}
	// Text: 1 + 3 rows. The binary extension is refused by MLServer, not by Weir;
	// the 3 rows of that request were inputs all the same.
	if got := answers[len(answers)-1]; got.status != http.StatusUnprocessableEntity {
		t.Errorf("binary request: %d %s", got.status, got.body)
	}
	s := w.monitor("iris", 7)
	for _, name := range irisNames {
		s.wantFeature(t, name, "input", 7)
	}
	s.wantFeature(t, "predict", "output", 4)
}

const adderOverOIP = `  adder:
    protocol: oip
    timeout: 30s
    monitor: {features: {x: [first, second, third]}}
`

func TestTritonClientSendsAndGetsBinaryTensorsThroughWeir(t *testing.T) {
	bin, ports := environment(t, "mlserver"), freePorts(t, 1)
	server := "http://127.0.0.1:" + ports[0]
	serve(t, t.TempDir(), server+"/v2/health/ready", bin, "python", script(t, "binary_server.py"), ports[0])
	w := startWeir(t, adderOverOIP)
	w.deploy("adder", server+"/v2/models/adder", "", "")

	answers, printed := talk(t, w, bin, server, "triton_adder.py")
	binary := 0
	for _, a := range answers {
		if a.status != http.StatusOK {
			t.Errorf("%d %q", a.status, a.body)
		}
		if a.header.Get("Inference-Header-Content-Length") != "" {
			binary++
		}
	}
	// 16 mixtures for one row and for two, 8 for three, one by default; a quarter
	// of the mixtures asks for no binary output.
	if len(printed) != 1+16+16+8+1 || binary != 12+12+6+1 {
		t.Errorf("%d lines, %d binary answers", len(printed), binary)
	}
	rows := 16*1 + 16*2 + 8*3 + 2
	s := w.monitor("adder", rows)
	for name, missing := range map[string]int{"first": 0, "second": 8, "third": 0, "name": 0, "total": 8, "greeting": 0} {
		found := false
		for _, f := range s.Features {
			if f.Name == name {
				found = true
				if f.Count != rows-missing || f.Missing != missing || f.Invalid != 0 {
					t.Errorf("%s: %d cells, %d missing, %d invalid; want %d, %d, 0", name, f.Count, f.Missing, f.Invalid, rows-missing, missing)
				}
			}
		}
		if !found {
			t.Errorf("no feature %s among %+v", name, s.Features)
		}
	}
}
