package http1

// Error is why a message was refused. In a request Status is the answer's; in an
// answer from upstream every Error means 502.
type Error struct {
	Status int
	Reason string // a sentence for the client, without any byte of the message
}

func (e *Error) Error() string { return e.Reason }

// The reasons for which heads are refused.
var (
	ErrLineEnd          = &Error{400, "a line of the head does not end in CR LF"}
	ErrFold             = &Error{400, "a field is folded over two lines"}
	ErrRequestLine      = &Error{400, "the request line is malformed"}
	ErrStatusLine       = &Error{400, "the status line is malformed"}
	ErrVersion          = &Error{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"}
	ErrFieldName        = &Error{400, "a field name is malformed"}
	ErrFieldValue       = &Error{400, "a field value has a control byte in it"}
	ErrTooManyFields    = &Error{431, "the head has too many fields"}
	ErrContentLength    = &Error{400, "Content-Length is malformed"}
	ErrTwoLengths       = &Error{400, "Content-Length is there twice"}
	ErrTwoFramings      = &Error{400, "Content-Length and Transfer-Encoding are there both"}
	ErrTransferCoding   = &Error{501, "the only transfer coding spoken here is chunked"}
	ErrLastCoding       = &Error{400, "the last transfer coding is not chunked"}
	ErrTwoCodings       = &Error{400, "Transfer-Encoding is there twice"}
	ErrOldTransfer      = &Error{400, "Transfer-Encoding in a message of HTTP/1.0"}
	ErrNoHost           = &Error{400, "Host is missing"}
	ErrHost             = &Error{400, "Host is malformed or there twice"}
	ErrTarget           = &Error{400, "the request target is malformed"}
	ErrOtherHost        = &Error{400, "the request target and Host name different hosts"}
	ErrConnect          = &Error{501, "CONNECT is not spoken here"}
	ErrConnectionOption = &Error{400, "Connection names a field that the message cannot do without"}
	ErrExpectation      = &Error{417, "the only expectation known here is 100-continue"}
)

// The reasons for which chunked bodies are refused.
var (
	ErrChunkSize    = &Error{400, "a chunk's size is malformed"}
	ErrChunkExt     = &Error{400, "a chunk's extension is malformed or too long"}
	ErrChunkEnd     = &Error{400, "a chunk does not end where its size says"}
	ErrChunkTrailer = &Error{400, "a trailer field is malformed or the trailer is too long"}
)
