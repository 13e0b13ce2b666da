package config

// AccessLog says which requests are logged, a line of JSON each, and where to.
type AccessLog struct {
	Output string  `json:"output,omitempty"` // "stderr" or a file, as written, see AccessLogPath; empty: off
	Sample float64 `json:"sample"`           // share of the requests, 0 to 1
	Errors bool    `json:"errors"`           // every failed request, whatever sample says
}

// Tracing says where spans are sent.
type Tracing struct {
	Endpoint string  `json:"endpoint,omitempty"` // URL of an OTLP collector over HTTP; empty: off
	Sample   float64 `json:"sample"`             // share of the traces that begin here, 0 to 1
}

// AccessLogStderr is the AccessLog.Output that is no file.
const AccessLogStderr = "stderr"

// AccessLogPath is AccessLog.Output, resolved against the configuration file's
// folder where it is a file.
func (c *Config) AccessLogPath() string {
	if c.AccessLog.Output == "" || c.AccessLog.Output == AccessLogStderr {
		return c.AccessLog.Output
	}
	return c.resolve(c.AccessLog.Output)
}
