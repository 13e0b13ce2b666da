package peers

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// tap is a TCP relay in front of a server, which keeps what the server sent, so
// that the bytes a client gets are known without changing the client.
type tap struct {
	listener net.Listener
	server   string // host:port
	running  sync.WaitGroup

	mu   sync.Mutex
	sent []*bytes.Buffer // a connection each, in the order of their beginning
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
		kept := &bytes.Buffer{}
		p.mu.Lock()
		p.sent = append(p.sent, kept)
		p.mu.Unlock()
		p.running.Go(func() {
			_, _ = io.Copy(server, client)
			_ = server.(*net.TCPConn).CloseWrite()
		})
		p.running.Go(func() {
			_, _ = io.Copy(io.MultiWriter(client, kept), server)
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
		in := bufio.NewReader(kept)
		for {
			if _, err := in.Peek(1); err != nil {
				break
			}
			response, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("the server sent something that is no answer: %v", err)
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil {
				t.Fatalf("the server sent a broken body: %v", err)
			}
			answers = append(answers, answer{response.StatusCode, response.Header, body})
		}
	}
	return answers
}
