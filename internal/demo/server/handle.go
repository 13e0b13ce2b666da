package server

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/weir-gateway/weir/internal/demo/model"
)

func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	path := string(ctx.Path())
	switch path {
	case "/v2":
		s.get(ctx, map[string]any{"name": "weir-demo", "version": "1", "extensions": []string{}})
		return
	case "/v2/health/live", "/v2/health/ready":
		s.get(ctx, map[string]any{})
		return
	}
	rest, ok := strings.CutPrefix(path, "/v2/models/"+s.config.Name)
	if !ok {
		refuse(ctx, fasthttp.StatusNotFound, fmt.Sprintf("no model at %s; this server has %s", path, s.config.Name))
		return
	}
	rest = strings.TrimPrefix(rest, "/versions/"+s.config.Version)
	switch rest {
	case "":
		s.get(ctx, s.metadata())
	case "/ready":
		s.get(ctx, map[string]any{"name": s.config.Name, "ready": true})
	case "/infer":
		if !ctx.IsPost() {
			refuse(ctx, fasthttp.StatusMethodNotAllowed, "infer takes POST")
			return
		}
		s.infer(ctx)
	default:
		refuse(ctx, fasthttp.StatusNotFound, "nothing at "+path)
	}
}

func (s *Server) get(ctx *fasthttp.RequestCtx, doc any) {
	if !ctx.IsGet() && !ctx.IsHead() {
		refuse(ctx, fasthttp.StatusMethodNotAllowed, "this takes GET")
		return
	}
	answer(ctx, fasthttp.StatusOK, doc)
}

func refuse(ctx *fasthttp.RequestCtx, status int, why string) {
	answer(ctx, status, map[string]string{"error": why})
}

func answer(ctx *fasthttp.RequestCtx, status int, doc any) {
	body, err := json.Marshal(doc)
	if err != nil { // the documents above always marshal
		status, body = fasthttp.StatusInternalServerError, []byte(`{"error":"internal"}`)
	}
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json")
	ctx.SetBody(body)
}

type tensor struct {
	Name     string `json:"name"`
	Datatype string `json:"datatype"`
	Shape    []int  `json:"shape"`
}

func (s *Server) metadata() any {
	var inputs []tensor
	for i, name := range model.NumberNames() {
		inputs = append(inputs, tensor{name, datatype(i), []int{-1}})
	}
	for _, name := range model.TextNames() {
		inputs = append(inputs, tensor{name, "BYTES", []int{-1}})
	}
	return map[string]any{
		"name": s.config.Name, "versions": []string{s.config.Version}, "platform": "go",
		"inputs":  inputs,
		"outputs": []tensor{{"late", "INT64", []int{-1}}, {"probability", "FP64", []int{-1}}},
	}
}

// datatype is how clients are told to send the i-th number; any numeric type
// is taken.
func datatype(i int) string {
	if i == model.Hour || i == model.Weekday {
		return "INT64"
	}
	return "FP64"
}
