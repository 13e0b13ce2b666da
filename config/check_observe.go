package config

import (
	"net/url"
	"slices"
)

func (c *checker) accessLog(l AccessLog) {
	c.number("access_log.sample", l.Sample, 0, 1)
	switch {
	case l.Output == "" && c.said("access_log"):
		c.fault(RuleAccessLog, "access_log.output", "is missing, so nothing would be logged; name stderr or a file, such as ./access.log, or remove access_log")
	case slices.Contains([]string{"stdout", "-", "off", "none", "false"}, l.Output):
		c.fault(RuleAccessLog, "access_log.output", "%q is not an output; name stderr or a file, such as ./access.log, or remove access_log", l.Output)
	case l.Output != "" && l.Sample == 0 && !l.Errors:
		c.fault(RuleAccessLog, "access_log.sample", "is 0 and errors is false, so nothing would be logged; raise it, set errors: true, or remove access_log")
	}
}

func (c *checker) tracing(t Tracing) {
	c.number("tracing.sample", t.Sample, 0, 1)
	if t.Endpoint == "" {
		if c.said("tracing") {
			c.fault(RuleTracing, "tracing.endpoint", "is missing, so nothing would be traced; name a collector, such as http://127.0.0.1:4318, or remove tracing")
		}
		return
	}
	u, err := url.Parse(t.Endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		c.fault(RuleTracing, "tracing.endpoint", "%q is not the URL of a collector; write http or https, such as http://127.0.0.1:4318", t.Endpoint)
	case u.User != nil:
		c.fault(RuleTracing, "tracing.endpoint", "has a password in it, which logs and the admin API would show; run a collector beside Weir and give that one the password")
	case u.RawQuery != "" || u.Fragment != "":
		c.fault(RuleTracing, "tracing.endpoint", "has a query or a fragment; end it with the path")
	}
}

// said reports whether the file has the key, even with nothing behind it.
func (c *checker) said(path string) bool {
	_, ok := c.marks[path]
	return ok
}
