package conformance_test

// unmended are the cases that Weir is known to fail, with what is right. A case
// that is in here and passes fails the test: take it out when it has been mended.
var unmended = map[string]string{
	"te-identity":         coding400,
	"te-identity-cl":      coding400,
	"te-gzip":             coding400,
	"te-chunked-gzip":     coding400,
	"te-chunked-identity": coding400,
	"te-xchunked":         coding400,
	"te-chunkedx":         coding400,
	"te-unknown-cl":       coding400,
	"te-quoted":           coding400,
	"te-empty":            coding400,
	"te-empty-cl":         coding400,
	"te-nbsp":             coding400,
	"te-space-inside":     coding400,

	"chunk-ext-bws":        "white space is BWS where a semicolon follows it; it must be taken there, and nowhere else",
	"chunk-ext-empty":      extension,
	"chunk-ext-equals":     extension,
	"chunk-ext-open-quote": extension,

	"host-percent":      "an escape in Host is a per cent sign and two hexadecimal digits",
	"via-old":           "Via says 1.0 for a request of HTTP/1.0",
	"own-date":          "Weir's own answers have a Date",
	"answer-date-none":  "an answer without Date gets one",
	"interim-100":       "100 that Weir itself didn't ask for is passed on like any other interim answer",
	"bad-upgrade-other": "101 for a protocol that the client did not ask for is 502",
}

const (
	coding400 = "400 where the last coding isn't chunked; 501 only for other codings before it"
	extension = "an extension is a token, and perhaps = and a token or a quoted string; anything else is 400"
)
