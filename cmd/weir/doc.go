// Command weir is the whole of Weir in one binary: the gateway (serve), the demonstration (demo), and the verbs by
// which people and scripts register versions, move traffic and watch rollouts through a running gateway's admin API.
//
// A file holds a verb. Everything a verb needs from outside (streams, environment, whether a person is watching) comes
// with [app], so that tests run the very code of the binary. See docs/cli.md for how it behaves.
package main
