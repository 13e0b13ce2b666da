// Package audit keeps the audit log: a line of JSON for every call that was to
// change something, added to a file and synced before the call is over.
//
//	log := audit.New(stateDir, audit.Options{MaxSize: 16 << 20, Keep: 4})
//	err := log.Append(record)
//	records, err := log.Last(100) // newest first
//
// A full audit.log becomes audit.log.1, that one audit.log.2, and so on; the
// oldest goes. The file is opened for each record: changes are rare, and a file
// that somebody moved away, or that two gateways share for the moment of a
// takeover, then needs no care.
package audit
