package registry

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Lineage says where a version comes from. Every part is optional and opaque
// to Weir, which only shows and compares them.
type Lineage struct {
	Git      string            `json:"git,omitempty"`      // commit of the training code
	Data     string            `json:"data,omitempty"`     // digest of the training data
	Artifact string            `json:"artifact,omitempty"` // digest of the trained model
	Run      string            `json:"run,omitempty"`      // the training run, such as "mlflow:4f…"
	Params   map[string]string `json:"params,omitempty"`   // hyperparameters and the like
}

// Version is one immutable registered revision of a model.
type Version struct {
	Model   string `json:"model"`
	Version string `json:"version"`
	// Endpoints are the http or https URLs that serve the version, at least
	// one. A path, where there is one, replaces the route's prefix.
	Endpoints  []string `json:"endpoints"`
	Lineage    `json:"lineage,omitzero"`
	Profile    string    `json:"profile,omitempty"` // digest of the reference profile, "sha256:…"
	Registered time.Time `json:"registered"`        // set by the store where zero
	By         string    `json:"by,omitempty"`      // who registered it
}

// Limits on what a document may hold. They keep a document under the 512 KB
// that a Consul value may have, and labels and headers short.
const (
	maxName      = 128
	maxText      = 1024
	maxReason    = 4096
	maxEndpoints = 256
	maxParams    = 512
	maxEvidence  = 128 << 10
)

// Validate checks all that can be checked about a version by itself. The error
// is a [FieldError].
func (v Version) Validate() error {
	if err := ValidateName("model", v.Model); err != nil {
		return err
	}
	if err := ValidateName("version", v.Version); err != nil {
		return err
	}
	if err := validateEndpoints(v.Endpoints); err != nil {
		return err
	}
	if err := v.Lineage.validate(); err != nil {
		return err
	}
	if v.Profile != "" && !IsDigest(v.Profile) {
		return fieldErrorf("profile", "%q is no digest; it has the form sha256: and 64 hexadecimal digits, as putting the profile returned it", clip(v.Profile))
	}
	return validateText("by", v.By, maxText)
}

// SameContent reports whether both are the same registration: all but when and
// by whom. The order of endpoints does not matter.
func (v Version) SameContent(w Version) bool {
	return v.Model == w.Model && v.Version == w.Version && v.Profile == w.Profile &&
		v.Git == w.Git && v.Data == w.Data && v.Artifact == w.Artifact && v.Run == w.Run &&
		maps.Equal(v.Params, w.Params) &&
		slices.Equal(slices.Sorted(slices.Values(v.Endpoints)), slices.Sorted(slices.Values(w.Endpoints)))
}

// Clone is a copy that shares nothing that can be changed.
func (v Version) Clone() Version {
	v.Endpoints = slices.Clone(v.Endpoints)
	v.Params = maps.Clone(v.Params)
	return v
}

// ValidateName checks the name of a model or a version: a letter or digit,
// then letters, digits and ". _ - +", at most 128. Such names are safe as file
// names, keys, URL path segments, header values and metric labels. The field
// is what the error calls it.
func ValidateName(field, name string) error {
	if name == "" {
		return fieldErrorf(field, "is missing")
	}
	if len(name) > maxName {
		return fieldErrorf(field, "%q is longer than %d characters", clip(name), maxName)
	}
	for i, c := range []byte(name) {
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || strings.IndexByte("._-+", c) < 0) {
			return fieldErrorf(field, "%q is no name; names are letters, digits and . _ - + after a first letter or digit", name)
		}
	}
	return nil
}

// IsDigest reports whether s has the form of a content address, "sha256:" and
// 64 lower-case hexadecimal digits.
func IsDigest(s string) bool {
	hex, ok := strings.CutPrefix(s, "sha256:")
	return ok && len(hex) == 64 && strings.Trim(hex, "0123456789abcdef") == ""
}

func validateEndpoints(endpoints []string) error {
	if len(endpoints) == 0 {
		return fieldErrorf("endpoints", "a version needs at least one, such as http://127.0.0.1:9003")
	}
	if len(endpoints) > maxEndpoints {
		return fieldErrorf("endpoints", "%d are more than %d", len(endpoints), maxEndpoints)
	}
	for i, endpoint := range endpoints {
		field := "endpoints[" + strconv.Itoa(i) + "]"
		if reason := endpointFault(endpoint); reason != "" {
			return fieldErrorf(field, "%q %s", clip(endpoint), reason)
		}
		if slices.Contains(endpoints[:i], endpoint) {
			return fieldErrorf(field, "%q is there twice; remove one", clip(endpoint))
		}
	}
	return nil
}

// endpointFault says what is wrong with an endpoint, or nothing.
func endpointFault(endpoint string) string {
	if len(endpoint) > maxText {
		return "is too long"
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return "is no URL; write it like http://127.0.0.1:9003"
	case u.Scheme != "http" && u.Scheme != "https":
		return "must begin with http:// or https://"
	case u.Hostname() == "":
		return "names no host"
	case u.User != nil:
		return "carries a user or password; credentials do not belong in the registry"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "carries a query or fragment; an endpoint is scheme, host, port and path"
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "has a port outside 1 to 65535"
		}
	}
	return ""
}

func (l Lineage) validate() error {
	for _, part := range []struct{ field, text string }{
		{"lineage.git", l.Git}, {"lineage.data", l.Data}, {"lineage.artifact", l.Artifact}, {"lineage.run", l.Run},
	} {
		if err := validateText(part.field, part.text, maxText); err != nil {
			return err
		}
	}
	if len(l.Params) > maxParams {
		return fieldErrorf("lineage.params", "%d are more than %d", len(l.Params), maxParams)
	}
	for _, name := range slices.Sorted(maps.Keys(l.Params)) {
		if name == "" {
			return fieldErrorf("lineage.params", "a parameter has no name")
		}
		if err := validateText("lineage.params", name, maxText); err != nil {
			return err
		}
		if err := validateText("lineage.params."+name, l.Params[name], maxReason); err != nil {
			return err
		}
	}
	return nil
}
