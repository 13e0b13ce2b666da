package peers

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

var irisNames = []string{"sepal_length", "sepal_width", "petal_length", "petal_width"}

// flowers makes n rows in the range of the training data.
func flowers(r *rand.Rand, n int) [][]float64 {
	rows := make([][]float64, n)
	for i := range rows {
		for _, span := range [][2]int{{43, 79}, {20, 44}, {10, 69}, {1, 25}} {
			rows[i] = append(rows[i], float64(span[0]+r.IntN(span[1]-span[0]+1))/10)
		}
	}
	return rows
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// startMLServer trains and serves the model and returns the server's URL and its
// training data.
func startMLServer(t *testing.T) (url, train string) {
	t.Helper()
	bin, dir, ports := environment(t, "mlserver"), t.TempDir(), freePorts(t, 3)
	run(t, filepath.Join(bin, "python"), script(t, "train_mlserver.py"), dir, ports[0], ports[1], ports[2])
	url = "http://127.0.0.1:" + ports[0]
	serve(t, dir, url+"/v2/models/iris/ready", bin, "mlserver", "start", dir)
	return url, filepath.Join(dir, "train.csv")
}

const irisOverOIP = `  iris:
    protocol: oip
    timeout: 30s
    monitor: {features: {predict: [sepal_length, sepal_width, petal_length, petal_width]}, reference: profile}
`

func TestMLServerAnswersTheSameThroughWeirAndIsMonitored(t *testing.T) {
	server, train := startMLServer(t)
	w := startWeir(t, irisOverOIP)
	w.deploy("iris", server+"/v2/models/iris", train, "predict")

	const path, seed = "/v2/models/iris", 7
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, seed))
	rows, requests := 0, 0
	for i := range 60 {
		n := 1 + i%4
		body := encode(t, map[string]any{
			// MLServer makes up an id where there is none, another every time.
			"id":     fmt.Sprint("call-", i),
			"inputs": []any{map[string]any{"name": "predict", "shape": []int{n, 4}, "datatype": "FP64", "data": flowers(r, n)}},
		})
		sameAnswer(t, http.MethodPost, server+path+"/infer", w.data+path+"/infer", "application/json", body, http.StatusOK)
		rows, requests = rows+n, requests+1
	}
	// What is no inference passes too, and is no observation.
	sameAnswer(t, http.MethodGet, server+path, w.data+path, "", nil, http.StatusOK)
	sameAnswer(t, http.MethodGet, server+path+"/ready", w.data+path+"/ready", "", nil, http.StatusOK)

	s := w.monitor("iris", rows)
	for _, name := range irisNames {
		s.wantFeature(t, name, "input", rows)
	}
	s.wantFeature(t, "predict", "output", rows)
	if s.Software.Requests < requests || s.Software.Errors != 0 {
		t.Errorf("software: %+v, want at least %d requests and no error", s.Software, requests)
	}
	sameAnswer(t, http.MethodPost, server+path+"/infer", w.data+path+"/infer", "application/json", []byte(`{"inputs":1}`), http.StatusUnprocessableEntity)
}

const irisOverMLflow = `  iris:
    protocol: mlflow
    timeout: 30s
    monitor: {reference: profile}
`

func TestMLflowAnswersTheSameThroughWeirAndIsMonitored(t *testing.T) {
	bin, dir, ports := environment(t, "mlflow"), t.TempDir(), freePorts(t, 1)
	run(t, filepath.Join(bin, "python"), script(t, "train_mlflow.py"), dir)
	server := "http://127.0.0.1:" + ports[0]
	serve(t, dir, server+"/ping", bin, "mlflow", "models", "serve", "--model-uri", filepath.Join(dir, "model"),
		"--env-manager", "local", "--host", "127.0.0.1", "--port", ports[0])
	w := startWeir(t, irisOverMLflow)
	w.deploy("iris", server+"/invocations", filepath.Join(dir, "train.csv"), "predictions")

	const seed = 8
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, seed))
	observed := 0
	for i := range 30 {
		rows := flowers(r, 1+i%3)
		contentType, body := mlflowBody(t, i, rows)
		sameAnswer(t, http.MethodPost, server+"/invocations", w.data+"/invocations", contentType, body, http.StatusOK)
		observed += len(rows)
	}
	s := w.monitor("iris", observed)
	for _, name := range irisNames {
		s.wantFeature(t, name, "input", observed)
	}
	s.wantFeature(t, "predictions", "output", observed)
	sameAnswer(t, http.MethodPost, server+"/invocations", w.data+"/invocations", "application/json", []byte(`{"dataframe_split":{}}`), http.StatusBadRequest)
}

// mlflowBody writes rows in one of the formats that MLflow takes.
func mlflowBody(t *testing.T, format int, rows [][]float64) (contentType string, body []byte) {
	t.Helper()
	switch format % 3 {
	case 0:
		return "application/json", encode(t, map[string]any{"dataframe_split": map[string]any{"columns": irisNames, "data": rows}})
	case 1:
		records := make([]map[string]float64, len(rows))
		for i, row := range rows {
			records[i] = map[string]float64{}
			for k, name := range irisNames {
				records[i][name] = row[k]
			}
		}
		return "application/json", encode(t, map[string]any{"dataframe_records": records})
	}
	lines := []string{strings.Join(irisNames, ",")}
	for _, row := range rows {
		lines = append(lines, strings.Trim(strings.ReplaceAll(fmt.Sprint(row), " ", ","), "[]"))
	}
	return "text/csv", []byte(strings.Join(lines, "\n") + "\n")
}
