// Package api holds the documents that travel over Weir's admin API, so that the server (package admin), the typed
// client (package admin/client) and the command line speak of the very same fields. It has no behaviour beyond JSON
// and no dependency beyond the registry's own documents.
//
// The same documents are described for other languages by /api/v1/openapi.json; a test in package admin holds the two
// together, field by field.
package api
