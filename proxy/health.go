package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weir-gateway/weir/proxy/http1"
)

// watch checks the endpoint and keeps its connections warm until ctx ends.
func (e *endpoint) watch(ctx context.Context) {
	e.check(ctx)
	ticker := time.NewTicker(e.pool.cfg.HealthInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			e.check(ctx)
		}
	}
}

func (e *endpoint) check(ctx context.Context) {
	e.prune()
	err := e.ask(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		e.failed(err.Error())
		return
	}
	e.worked()
	// Only where connections are known to be kept: a server that handles one
	// connection at a time would wait for a request on ours and starve others.
	for idle := e.prune(); idle < e.pool.cfg.Warm && e.persists.Load(); idle++ {
		u, err := e.dial(ctx)
		if err != nil {
			return // the next check will say why
		}
		if u.settle() != nil {
			_ = u.tcp.Close()
			return
		}
		e.park(u, now())
	}
}

// ask finds out whether the endpoint is well.
func (e *endpoint) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, e.pool.cfg.HealthTimeout)
	defer cancel()
	if e.pool.cfg.HealthPath == "" {
		u, err := e.dial(ctx)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		return u.tcp.Close()
	}
	// The connection of the last check is used again: so it stays warm.
	if u := e.take(now()); u != nil {
		err := e.askOver(ctx, u)
		if !errors.Is(err, errStale) && !errors.Is(err, errNothing) && !errors.Is(err, errEOF) {
			return err
		}
	}
	u, err := e.dial(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return e.askOver(ctx, u)
}

// askOver asks the health path over u, which it parks or closes.
func (e *endpoint) askOver(ctx context.Context, u *upstream) error {
	stop := context.AfterFunc(ctx, u.interrupt)
	defer stop()
	request := "GET " + e.pool.cfg.HealthPath + " HTTP/1.1\r\nHost: " + e.host + "\r\nUser-Agent: weir-health\r\n\r\n"
	var r http1.Response
	buf := make([]byte, 8<<10)
	t := now()
	at := t.after(e.pool.cfg.HealthTimeout)
	wrote, n, err := u.exchange([]byte(request), buf, t, at, false)
	if err == nil && wrote < len(request) {
		err = errNothing
	}
	end := 0
	for err == nil {
		if end, err = r.Parse(buf[:n]); err != nil {
			break
		}
		if end > 0 && r.Status >= 200 {
			break
		}
		// An interim answer, or not even its head yet.
		if n = copy(buf, buf[end:n]); end > 0 && n > 0 {
			continue
		}
		var m int
		if n == len(buf) {
			err = errors.New("the answer's head is too long")
		} else if m, err = u.receive(buf[n:], at); err == nil {
			n += m
		}
	}
	if err == nil && stop() && r.KeepsAlive() && wholeIn(&r, n-end) {
		u.reused = true
		e.persists.Store(true)
		e.park(u, now())
	} else {
		_ = u.tcp.Close()
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("health check: no answer within %v", e.pool.cfg.HealthTimeout)
	case err != nil:
		return fmt.Errorf("health check: %w", err)
	case r.Status > 299:
		return fmt.Errorf("health check: GET %s answered %d", e.pool.cfg.HealthPath, r.Status)
	}
	return nil
}

// wholeIn says whether the n bytes behind the head are exactly the body.
func wholeIn(r *http1.Response, n int) bool {
	switch r.Framing(false) {
	case http1.NoBody:
		return n == 0
	case http1.Length:
		return int64(n) == r.ContentLength
	}
	return false
}
