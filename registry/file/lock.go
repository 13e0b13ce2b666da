package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// dirLock is an exclusive lock that all stores on a folder share, in whatever
// process. The kernel releases it when its holder dies, so it is never stale.
type dirLock struct{ path string }

// errHeld is what tryLock returns while somebody else holds the lock.
var errHeld = errors.New("lock is held")

// acquire waits for the lock until ctx ends. A blocking flock could not be
// interrupted, so it asks again and again, less often the longer it waits.
func (l dirLock) acquire(ctx context.Context) (release func(), err error) {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	const most = 16 * time.Millisecond
	for wait := time.Millisecond / 4; ; wait = min(2*wait, most) {
		err := tryLock(f)
		if err == nil {
			// Closing the only descriptor releases the lock.
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, errHeld) {
			_ = f.Close()
			return nil, fmt.Errorf("lock %s: %w", l.path, err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			_ = f.Close()
			return nil, fmt.Errorf("lock %s: another process holds it: %w", l.path, ctx.Err())
		}
	}
}
