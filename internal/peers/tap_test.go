package peers

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// tap is a TCP relay in front of a server, which keeps what the server sent, so
// that the bytes a client gets are known without changing the client.
type tap struct {
	listener net.Listener
	server   string // host:port
	running  sync.WaitGroup

	mu   sync.Mutex
	sent []*record // a connection each, in the order of their beginning
}

// record is what the server sent on one connection.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

// answers reads the record; the error is that of an answer which isn't whole.
func (r *record) answers() (answers []answer, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	in := bufio.NewReader(bytes.NewReader(r.b.Bytes()))
	for {
		if _, err := in.Peek(1); err != nil {
			return answers, nil
		}
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			return answers, fmt.Errorf("no answer: %w", err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			return answers, fmt.Errorf("a broken body after %d bytes of %d %v: %w", len(body), response.StatusCode, response.Header, err)
		}
		answers = append(answers, answer{response.StatusCode, response.Header, body})
	}
}

// awaitWhole waits until the last answer is whole. A client may hang up as soon
// as it has seen a status: the server must not learn of it before the whole
// answer has been recorded.
func (r *record) awaitWhole() {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, err := r.answers(); err == nil {
			return
		}
	}
}

// patient goes on as if all was well when nobody reads any more.
type patient struct{ io.Writer }

// Write implements io.Writer.
func (p patient) Write(b []byte) (int, error) {
	_, _ = p.Writer.Write(b)
	return len(b), nil
}

func newTap(t *testing.T, server string) *tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{listener: l, server: server}
	p.running.Go(p.accept)
	return p
}

func (p *tap) address() string { return p.listener.Addr().String() }

func (p *tap) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			client.Close()
			continue
		}
		kept := &record{}
		p.mu.Lock()
		p.sent = append(p.sent, kept)
		p.mu.Unlock()
		p.running.Go(func() {
			_, _ = io.Copy(server, client)
			kept.awaitWhole()
			_ = server.(*net.TCPConn).CloseWrite()
		})
		p.running.Go(func() {
			_, _ = io.Copy(io.MultiWriter(kept, patient{client}), server)
			client.Close()
			server.Close()
		})
	}
}

// answer is one response as it crossed the wire.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// close waits until the client and the server have hung up and returns all the
// answers. The client must have ended.
func (p *tap) close(t *testing.T) (answers []answer) {
	t.Helper()
	p.listener.Close()
	p.running.Wait()
	for _, kept := range p.sent {
		got, err := kept.answers()
		if err != nil {
			t.Fatalf("the server sent %v", err)
		}
		answers = append(answers, got...)
	}
	return answers
}
