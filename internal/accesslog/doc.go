// Package accesslog writes a line of JSON about requests that were answered,
// sampled, and without a request ever waiting for it.
//
//	log := accesslog.New(accesslog.Options{Stderr: os.Stderr, Log: operational})
//	next, err := log.Prepare(accesslog.Settings{Output: "/var/log/weir/access.log", Sample: 0.01, Errors: true})
//	next.Commit()                  // or next.Discard()
//	if log.Wants(failed) {
//		log.Add(&accesslog.Entry{…}) // copies, queues, returns
//	}
//	log.Close()                    // writes what is queued
//
// Add copies an entry's text into memory of a pool and puts it on a bounded
// queue; one goroutine renders it with log/slog and writes a batch of whole
// lines at a time. An entry that finds the queue full, or whose line can't be
// written, is dropped and counted by reason.
//
// A file is opened anew by every Commit, so a reload (SIGHUP) after a rotation by
// renaming goes on in a new file. The fields of a line are described in
// docs/observability.md.
package accesslog
