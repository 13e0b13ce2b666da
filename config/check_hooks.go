package config

import (
	"net/url"
	"slices"
	"time"
)

const mostHooks = 8

// hook checks one of a rollout's webhooks. Whether its variable is set is known
// where the gateway runs, and not where a file is checked.
func (c *checker) hook(path string, h Hook) {
	u, err := url.Parse(h.URL)
	switch {
	case !c.said(path + ".url"):
		c.fault(RuleHook, path+".url", "is missing; name the service to call, such as https://ci.internal/weir")
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		c.fault(RuleHook, path+".url", "is no URL; write one such as https://ci.internal/weir")
	case u.User != nil:
		c.fault(RuleHook, path+".url", "has a user or password in it, which the admin API would show; messages are signed with secret_env instead")
	}
	if len(h.On) == 0 {
		c.fault(RuleHook, path+".on", "names no event; it can be %s", either(hookEvents()))
	}
	for i, on := range h.On {
		if slices.Contains(h.On[:i], on) {
			c.fault(RuleHook, path+".on", "has %s twice; keep one", on)
			continue
		}
		c.oneOf(RuleHook, path+".on", on, hookEvents()...)
	}
	if h.SecretEnv == "" {
		c.fault(RuleHook, path+".secret_env", "is missing; name the environment variable with the secret, so that the service can tell who calls")
	}
	c.duration(path+".timeout", h.Timeout, 100*time.Millisecond, time.Minute)
	c.count(path+".retries", h.Retries, 0, 10)
}

func hookEvents() []string {
	return []string{"before_step", "after_step", "rolled_back", "promoted", "held"}
}
