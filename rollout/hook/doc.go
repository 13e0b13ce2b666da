// Package hook delivers the messages of rollouts to HTTP services, signed as
// standardwebhooks.com has it.
package hook
