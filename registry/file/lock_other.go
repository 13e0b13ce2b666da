//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package file

import (
	"errors"
	"os"
)

// tryLock refuses: without a lock between processes two writers could lose a
// generation, which is worse than not starting.
func tryLock(*os.File) error {
	return errors.New("a file registry needs flock(2), which this system does not have")
}
