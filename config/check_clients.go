package config

import (
	"fmt"
	"net/netip"
)

func (c *checker) forwarded(f Forwarded) {
	c.oneOf(RuleStyle, "forwarded.style", f.Style, "x-forwarded", "forwarded", "both", "off")
	for i, text := range f.Trust {
		if _, err := parseNetwork(text); err != nil {
			c.fault(RuleTrust, fmt.Sprintf("forwarded.trust[%d]", i), "%q is no network; write it such as 10.0.0.0/8, or an address such as 10.0.0.1", text)
		}
	}
}

// Networks returns Trust as networks; an address is a network of its own.
func (f Forwarded) Networks() []netip.Prefix {
	out := make([]netip.Prefix, 0, len(f.Trust))
	for _, text := range f.Trust {
		if p, err := parseNetwork(text); err == nil { // the others were refused when the file was read
			out = append(out, p)
		}
	}
	return out
}

func parseNetwork(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Unmap().WithZone("").Prefix(a.Unmap().BitLen())
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}
