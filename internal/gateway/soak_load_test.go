package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	soakLarge  = 1 << 20
	soakEvents = 20
)

// newSoakServer is a model server that answers a large body with a large one,
// and /events with a stream.
func newSoakServer(t *testing.T) *httptest.Server {
	answer := `{"model_name":"m","outputs":[{"name":"late","shape":[1],"datatype":"INT64","data":[1]}]}`
	large := answer + strings.Repeat(" ", soakLarge)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		switch {
		case strings.HasSuffix(r.URL.Path, "/events"):
			w.Header().Set("Content-Type", "text/event-stream")
			for i := range soakEvents {
				if _, err := fmt.Fprintf(w, "data: %d\n\n", i); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				time.Sleep(time.Millisecond) // so that clients who leave leave streams that go on
			}
		case n >= soakLarge:
			_, _ = io.WriteString(w, large)
		default:
			_, _ = io.WriteString(w, answer)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// newFailingServer is well as far as health checks see, and answers in turn with
// an error, with half an answer, with none in time, and with nonsense.
func newFailingServer(t *testing.T) *httptest.Server {
	var turn atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		switch turn.Add(1) % 4 {
		case 0:
			http.Error(w, "broken", http.StatusInternalServerError)
		case 1:
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		case 2:
			<-r.Context().Done() // the gateway gives up
		default:
			_, _ = io.WriteString(w, "{")
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// soakLoad is what clients do.
type soakLoad struct {
	url       string
	transport *http.Transport

	small, large, streams, aborted atomic.Int64
	failed                         atomic.Int64
	mu                             sync.Mutex
	first                          string // failure
}

func (l *soakLoad) String() string {
	return fmt.Sprintf("%d small, %d of 1 MB, %d streams, %d aborted", l.small.Load(), l.large.Load(), l.streams.Load(), l.aborted.Load())
}

func (l *soakLoad) check(t *testing.T) {
	t.Helper()
	if n := l.failed.Load(); n > 0 {
		t.Errorf("%d requests failed, first: %s", n, l.first)
	}
	if l.small.Load() == 0 || l.large.Load() == 0 || l.streams.Load() == 0 || l.aborted.Load() == 0 {
		t.Errorf("some of the load was not there: %v", l)
	}
}

func (l *soakLoad) fail(format string, args ...any) {
	l.failed.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == "" {
		l.first = fmt.Sprintf(format, args...)
	}
}

// during loads the gateway for d, and changes it all the while.
func (l *soakLoad) during(t *testing.T, d time.Duration, r *running, turn *int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	body := fmt.Sprintf(inferBody, 0.5, "EWR")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { l.repeat(ctx, &l.small, func() { l.whole("/infer", body, `"outputs"`) }) })
	}
	wg.Go(func() {
		padded := body + strings.Repeat(" ", soakLarge)
		l.repeat(ctx, &l.large, func() { l.whole("/infer", padded, `"outputs"`) })
	})
	wg.Go(func() {
		l.repeat(ctx, &l.streams, func() { l.whole("/events", body, fmt.Sprintf("data: %d\n\n", soakEvents-1)) })
	})
	wg.Go(func() { l.repeat(ctx, &l.aborted, l.abort) })
	pause := time.NewTicker(470 * time.Millisecond) // of changes: one actor may make 600 in a minute
	defer pause.Stop()
	for ctx.Err() == nil { // the last pools are not new: what they have in flight is looked at
		*turn++
		r.change(*turn)
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
	wg.Wait()
}

func (l *soakLoad) repeat(ctx context.Context, counted *atomic.Int64, once func()) {
	for ctx.Err() == nil {
		once()
		counted.Add(1)
	}
}

// whole sends a request that must get a whole answer.
func (l *soakLoad) whole(path, body, want string) {
	response, err := l.post(context.Background(), path, strings.NewReader(body))
	if err != nil {
		l.fail("%s: %v", path, err)
		return
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(answer), want) {
		l.fail("%s: %d, %d bytes, %v, %.200s", path, response.StatusCode, len(answer), err, answer)
	}
}

func (l *soakLoad) post(ctx context.Context, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url+"/v2/models/m"+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	return (&http.Client{Transport: l.transport}).Do(request)
}

// abort leaves in the middle: of a stream that comes, and of an upload.
func (l *soakLoad) abort() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if response, err := l.post(ctx, "/events", strings.NewReader("{}")); err == nil {
		_, _ = bufio.NewReader(response.Body).ReadString('\n')
		cancel()
		response.Body.Close()
	}
	half, write := io.Pipe()
	go func() {
		_, _ = io.WriteString(write, strings.Repeat(" ", 100_000))
		_ = write.CloseWithError(context.Canceled)
	}()
	if response, err := l.post(context.Background(), "/infer", half); err == nil {
		response.Body.Close()
	}
}
