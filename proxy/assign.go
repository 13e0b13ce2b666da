package proxy

import (
	"bytes"

	"github.com/tidwall/gjson"

	"github.com/weir-gateway/weir/proxy/http1"
	"github.com/weir-gateway/weir/router"
)

// key returns the hash of the request's sticky key, 0 where it has none. body is
// the whole body, nil if it is too long or hasn't been read.
func (r *route) key(req *http1.Request, body []byte) uint64 {
	switch {
	case r.header != "":
		if v, ok := req.Get(r.header); ok && len(v) > 0 {
			return router.HashKey(v)
		}
	case r.cookie != nil:
		if v := cookie(req, r.cookie); len(v) > 0 {
			return router.HashKey(v)
		}
	case r.field != "" && len(body) > 0:
		return fieldKey(body, r.field)
	}
	return 0
}

// cookie returns the value of the first cookie with the given name.
func cookie(req *http1.Request, name []byte) []byte {
	if !req.Has(http1.Cookie) {
		return nil
	}
	for i := range req.Len() {
		kind, _, value := req.At(i)
		if kind != http1.Cookie {
			continue
		}
		for pair := range bytes.SplitSeq(value, []byte(";")) {
			k, v, ok := bytes.Cut(bytes.Trim(pair, " \t"), []byte("="))
			if ok && bytes.Equal(k, name) {
				return v
			}
		}
	}
	return nil
}

// fieldKey looks a text or a number up in a JSON body. Two spellings of one
// number are two keys; an object or a list is none.
func fieldKey(body []byte, path string) uint64 {
	if !gjson.ValidBytes(body) {
		return 0
	}
	v := gjson.GetBytes(body, path)
	switch v.Type {
	case gjson.String:
		if v.Str != "" {
			return router.HashKey([]byte(v.Str))
		}
	case gjson.Number:
		return router.HashKey([]byte(v.Raw))
	}
	return 0
}
