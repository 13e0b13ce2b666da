// Package consul keeps a registry in Consul's key-value store, for any number
// of gateways.
//
//	PREFIX/models/MODEL/versions/VERSION  one registered version, with a checksum
//	PREFIX/models/MODEL/traffic           the current generation, without its evidence
//	PREFIX/history/MODEL/GENERATION       every generation, evidence included; 20 digits, so that they sort
//	PREFIX/rollouts/MODEL                 the rollout controller's document
//	PREFIX/leader                         who runs rollouts, locked by a session
//	PREFIX/notices/TOPIC/PROCESS          what one process tells the others, held by its session while it is alive
//	PREFIX/profiles/HEX                   reference profiles, zstd, by the SHA-256 of their content
//
// What routes requests is under PREFIX/models/ and nothing else is, so that
// the watch wakes for nothing else: evidence and rollouts change far more often.
//
// # Reading
//
// One goroutine follows PREFIX/models/ with blocking queries, however many
// watches there are. It goes by Consul's rules for them: an index that went
// down starts again at 0, an index below 1 counts as 1, the client waits longer
// than wait + wait/16, and an answer without a change is no news. After a
// failure it asks again at once without blocking, then with a jittered pause
// that doubles from 50 ms to 2 s; the 180 s that Consul's own watch plans reach
// would leave a bad model serving for minutes after Consul is back.
//
// Reads are of the default consistency: the leader answers, which a stale read
// saves at the price of an unbounded age. An answer that admits to be older
// than 5 s, or given without a leader, as an agent may be configured to give,
// counts as none.
//
// What was once good is kept in memory. An answer that lacks a model, a version
// or the traffic, or has an older generation, takes nothing away: the last good
// content stays, and the snapshot carries a [registry.Problem] that names the
// key until it is mended. While Consul can't be read the snapshot is the last
// good one, and its Lost says why. [Options.Known] is what an earlier process
// knew, so that this holds across restarts too.
//
// # Writing
//
// A registration creates its key (check-and-set with index 0), so of two
// different ones exactly one wins. A commit is one transaction: the traffic, if
// it is still the one that was read, and its entry in the history, if there is
// none yet. A write whose answer was lost is looked up and repeated for up to
// five seconds; a generation that is found to be the one that was sent is
// ours, and is never committed twice. No write by hand needs a session or a
// lock, so a rollback waits for nobody. Those of a leader's term ([Store.Campaign])
// check in the same transaction that its session holds the lead still.
//
// A commit goes on from the last good content where Consul has lost its own:
// it puts back the versions and what it remembers of the history (the newest 32
// generations that this process has seen), and counts on from the generation
// that is routed. Generations therefore never go back, even after the store was
// wiped or restored from an old backup.
//
// Consul takes values of at most 512 KiB. Profiles are compressed; what is
// larger even so is refused with [registry.ErrInvalid] before it is sent.
package consul
