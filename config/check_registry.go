package config

import (
	"strings"

	"github.com/weir-gateway/weir/registry"
)

func (c *checker) registry(r Registry) {
	switch r.Kind {
	case "file":
		for _, key := range []string{"address", "prefix", "token_env", "token_file", "tls"} {
			if c.said("registry." + key) {
				c.fault(RuleRegistryKey, "registry."+key, "is for a registry of kind consul, and this one is of kind file; remove it")
			}
		}
		if r.Dir == "" {
			c.fault(RuleEmptyFolder, "registry.dir", "is empty; name the folder with the registry's documents, such as ./registry")
		}
	case "consul":
		if c.said("registry.dir") {
			c.fault(RuleRegistryKey, "registry.dir", "is for a registry of kind file, and this one is of kind consul; remove it")
		}
		c.consul(r)
	default:
		c.fault(RuleRegistryKind, "registry.kind", "%q is no kind of registry; use file or consul", r.Kind)
	}
}

func (c *checker) consul(r Registry) {
	scheme, host, isURL := strings.Cut(r.Address, "://")
	if !isURL {
		host = r.Address
	}
	if !isConsul(r.Address) {
		c.fault(RuleRegistryKey, "registry.address", "%q is no address of Consul; write host:port or a URL, such as 127.0.0.1:8500 or https://consul.internal:8501", r.Address)
	} else if isURL && scheme == "http" && r.TLS != (RegistryTLS{}) {
		c.fault(RuleRegistryKey, "registry.address", "is without TLS, and registry.tls is given; write https://%s, or remove tls", host)
	}
	for part := range strings.SplitSeq(r.Prefix, "/") {
		if registry.ValidateName("prefix", part) != nil {
			c.fault(RuleRegistryKey, "registry.prefix", "%q is no prefix; write names of letters, digits and . _ - + with / between them, such as weir or teams/a/weir", r.Prefix)
			break
		}
	}
	if r.TokenEnv != "" && r.TokenFile != "" {
		c.fault(RuleRegistryKey, "registry.token_file", "is given, and so is token_env; keep one of them")
	}
	if (r.TLS.Cert == "") != (r.TLS.Key == "") {
		c.fault(RuleTLS, "registry.tls", "has half of a key pair; name both files, cert and key")
	}
}
