package config

import (
	"net"
	"strings"
)

// Discovery says who knows where endpoints are, beside DNS.
type Discovery struct {
	Consul ConsulCatalog `json:"consul,omitzero"`
}

// ConsulCatalog names the Consul whose catalog resolves the names of services.
// Off while Address is empty.
type ConsulCatalog struct {
	Address   string `json:"address,omitempty"`    // host:port, or a URL with http or https
	TokenEnv  string `json:"token_env,omitempty"`  // the environment variable with the token
	TokenFile string `json:"token_file,omitempty"` // the file with the token, as written, see Config.Path
}

func (c *checker) discovery(d Discovery) {
	const path = "discovery.consul"
	if d.Consul.Address == "" {
		if c.said("discovery") {
			c.fault(RuleDiscovery, path+".address", "is missing, so nothing would be found; name Consul's agent, such as 127.0.0.1:8500, or remove discovery")
		}
		return
	}
	if !isConsul(d.Consul.Address) {
		c.fault(RuleDiscovery, path+".address", "%q is no address of Consul; write host:port or a URL, such as 127.0.0.1:8500 or https://consul.internal:8501", d.Consul.Address)
	}
	if d.Consul.TokenEnv != "" && d.Consul.TokenFile != "" {
		c.fault(RuleDiscovery, path+".token_file", "is given, and so is token_env; keep one of them")
	}
}

// isConsul says whether the text is host:port, or a URL of one.
func isConsul(address string) bool {
	scheme, host, isURL := strings.Cut(address, "://")
	if !isURL {
		host = address
	}
	_, port, err := net.SplitHostPort(host)
	return err == nil && port != "" && !strings.Contains(host, "/") && (!isURL || scheme == "http" || scheme == "https")
}
