package main

import (
	"fmt"
	"strings"
)

// inferAnswer is what the stubs answer: 91 bytes, one row with one output.
const inferAnswer = `{"model_name":"bench","outputs":[{"name":"y","shape":[1],"datatype":"FP64","data":[0.5]}]}`

// inferBody is one row of eight features.
func inferBody() string {
	var features []string
	for i := range 8 {
		features = append(features, fmt.Sprintf(`{"name":"f%d","shape":[1],"datatype":"FP64","data":[%d.25]}`, i, i))
	}
	return `{"inputs":[` + strings.Join(features, ",") + `]}`
}

// inferRequest is a call with eight features.
func inferRequest(address string) []byte { return post(address, "/v2/models/bench/infer", inferBody()) }

// smallRequest is a call with one feature: about 200 bytes with its head.
func smallRequest(address string) []byte {
	return post(address, "/v2/models/bench/infer", `{"inputs":[{"name":"f","shape":[1],"datatype":"FP64","data":[0.25]}]}`)
}

// bulk makes a call with a body of n bytes that no monitor can read.
func bulk(n int) func(address string) []byte {
	return func(address string) []byte { return post(address, "/v2/models/bench/infer", strings.Repeat("x", n)) }
}

func post(address, path, body string) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, address, len(body), body)
}
