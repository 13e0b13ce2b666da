// Package file keeps a registry in a folder that a person can read, edit and
// keep in git.
//
//	dir/flights.json             one document a model: versions, traffic, history, rollout
//	dir/history/flights/*.jsonl  generations too old for the document, one a line
//	dir/profiles/*.json.zst      reference profiles, named by the SHA-256 of their content
//	dir/.lock                    the lock that processes on one folder share
//
// # Writing
//
// A change is written to a temporary file beside the document, flushed, renamed
// over it, and the folder flushed, all under flock(2). A process killed at any
// moment leaves the old document or the new one; what it leaves besides is
// ignored and removed when the folder is opened next. A commit returns once
// its generation is durable.
//
// # Editing by hand
//
// The folder is watched, and looked at every two seconds in case the watch
// misses something (network file systems report nothing). Traffic changed by
// hand is validated and becomes a new generation with the cause "hand-edit" and
// the actor "file", which is written back into the document. Of the other
// fields only the reason is taken over; generation, time and the like are
// Weir's and are put back. A version added by hand counts as registered once it
// is valid, and gets a checksum.
//
// What breaks a rule is refused: the model keeps its last good content, and the
// snapshot carries a [registry.Problem] with file, line and column until the
// document is mended. That holds for a version changed after registration (the
// checksum beside it shows that even if nobody was watching), for history
// changed or cut, and for a document that is emptied or deleted: deleting a
// file never deletes a model. What is not yet right while an editor writes gets
// a moment to become right before it is a problem.
//
// A commit, such as an urgent rollback, does not wait for a person to mend a
// document: it goes on from the last good content and puts the refused text
// aside as flights.json.rejected. Only a model that has never been read is left
// alone.
//
// # Growth
//
// Nothing is ever forgotten, evidence included. A document holds fewer than 256
// generations; older ones move, 128 at a time, into files that never change
// again. So the cost of a commit does not grow with history. BenchmarkCommit,
// with 500 bytes of evidence a generation, took 2.3 ms a commit at the start,
// 3.2 ms on a full document and 3.6 ms after 10,000 generations, on two busy
// cores of an AMD EPYC. Opening that folder took 26 ms, reading its whole
// history 0.6 s.
package file
