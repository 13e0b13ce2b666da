package load

import (
	"fmt"
	"testing"
)

func TestAnAnswerEndsAtTheSameByteHoweverItIsCut(t *testing.T) {
	for name, text := range map[string]string{
		"length":   "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"empty":    "HTTP/1.1 204 No Content\r\n\r\n",
		"chunks":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"trailers": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\na: b\r\n\r\n",
	} {
		for cut := range len(text) + 1 {
			var a answer
			body := ""
			used := 0
			for _, part := range []string{text[:cut], text[cut:] + "HTTP/1.1"} {
				n, err := a.read([]byte(part), func(b []byte) { body += string(b) })
				if err != nil {
					t.Fatalf("%s, cut at %d: %v", name, cut, err)
				}
				used += n
			}
			if used != len(text) || a.state != complete {
				t.Errorf("%s, cut at %d: %d bytes of %d, state %d", name, cut, used, len(text), a.state)
			}
			if name != "empty" && body != "hello" {
				t.Errorf("%s, cut at %d: the body %q", name, cut, body)
			}
		}
	}
}

func TestAnAnswerWithoutALengthIsAnError(t *testing.T) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\n\r\n", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", fmt.Sprintf("HTTP/1.1 200 OK\r\nx: %0*d", maxHead, 0),
	} {
		var a answer
		if _, err := a.read([]byte(text), nil); err == nil {
			t.Errorf("%.40q was taken", text)
		}
	}
}
