package file

import (
	"regexp"
	"strings"
	"testing"
)

// refusals are edits that break a rule, with how the problem begins after the
// file's name: line:column: and the sentence.
var refusals = []refusal{
	same("emptied", "1:1: the file is empty; put its content back", func(*testing.T, string) string { return " \n" }),
	same("cut off", "54:4: not JSON: unexpected end of JSON input", func(_ *testing.T, good string) string {
		return strings.TrimSuffix(good, "\n}\n") + "\n"
	}),
	same("a comma too many", `4:5: not JSON: invalid character ','`, replace("\"versions\": [\n    {", "\"versions\": [\n    ,{")),
	same("a second document", "56:1: not JSON: invalid character '{' after top-level value", func(_ *testing.T, good string) string { return good + "{}" }),
	same("an unknown key", `47:9: unknown key "wieght"; known here are version, weight`, replace(`"weight": 100`, `"wieght": 100`)),
	same("a key twice", `47:9: key "version" is there twice; remove one`, replace(`"weight": 100`, `"version": "2", "weight": 100`)),
	same("text for a number", `47:19: weight: "100" must be a number in per cent, without quotes`, replace(`"weight": 100`, `"weight": "100"`)),
	same("a number for text", `46:20: traffic.arms[0].version must be text in quotes, not number`, replace("\"version\": \"1\",\n        \"weight\"", "\"version\": 1,\n        \"weight\"")),
	same("an object for a list", `44:13: traffic.arms must be a list in [ ], not object`, replace(armsOf1, `"arms": {}`)),
	same("too many decimals", `47:19: weight: 66.66666 has more than four decimals; the nearest is 66.6667`, replace(`"weight": 100`, `"weight": 66.66666`)),
	same("no time", `40:13: "yesterday" is no time; write it like 2026-11-22T10:00:00Z`, pattern(`"time": "[^"]*"`, `"time": "yesterday"`)),
	same("a sum under 100", `44:13: traffic.arms: weights sum to 99.9999 per cent and must sum to exactly 100`, replace(`"weight": 100`, `"weight": 99.9999`)),
	same("an unknown version", `46:20: traffic.arms[0].version: version 9 is not registered; register it first`, replace("\"version\": \"1\",\n        \"weight\"", "\"version\": \"9\",\n        \"weight\"")),
	same("a stable not an arm", `43:15: traffic.stable: version 2 is not an arm`, replace(`"stable": "1"`, `"stable": "2"`)),
	same("no traffic", `1:1: traffic is gone; put it back`, pattern(`(?s)"traffic": \{.*?\n  \},\n`, "")),
	same("another model", `2:12: "trains" does not fit the file's name`, replace(`"model": "flights"`, `"model": "trains"`)),
	same("a checksum changed", `4:5: version 1 was changed after it was registered (its checksum does not fit)`, pattern(`"checksum": "sha256:.`, `"checksum": "sha256:x`), ""),
	{
		name: "a version changed", edit: replace(`"git": "9f1c2ab"`, `"git": "0000000"`),
		want: `11:16: lineage.git of version 1 was changed after it was registered, from "9f1c2ab" to "0000000"; a version never changes`,
		cold: `4:5: version 1 was changed after it was registered (its checksum does not fit); a version never changes`,
	},
	{
		name: "an endpoint added", edit: replace(`"http://127.0.0.1:9000/1"`, `"http://127.0.0.1:9000/1", "http://127.0.0.1:9001/1"`),
		want: `7:20: endpoints of version 1 was changed after it was registered`,
		cold: `4:5: version 1 was changed after it was registered`,
	},
	{
		name: "a version changed and its checksum removed", seenOnlyRunning: true,
		edit: func(t *testing.T, good string) string {
			return pattern(`,\s*"checksum": "[^"]*"`, "")(t, replace(`"git": "9f1c2ab"`, `"git": "0000000"`)(t, good))
		},
		want: `11:16: lineage.git of version 1 was changed`,
	},
	{
		name: "a version removed", seenOnlyRunning: true,
		edit: pattern(`(?s)"versions": \[.*\],\n  "traffic"`, `"versions": [], "traffic"`),
		want: `3:15: version 1 is gone; a registered version stays, put it back`,
	},
	{
		name: "history emptied",
		edit: pattern(`(?s)"history": \[.*?\n  \]`, `"history": []`),
		want: `52:14: generations up to 1 were here and are gone; history only grows`,
		cold: `39:19: this is generation 1 but the history is gone; put the history back`,
	},
	{
		name: "history changed", seenOnlyRunning: true, edit: replace(`"actor":"alice"`, `"actor":"bob"`),
		want: `53:5: generation 1 was changed; history only grows`,
	},
	same("history with a gap", `53:37: history was changed: generations go down by one`, pattern(`"history": \[`, `"history": [ {"model":"flights","generation":9,"stable":"1"},`)),
}

type refusal struct {
	name            string
	edit            func(t *testing.T, good string) string
	want            string // under a running store
	cold            string // at opening
	seenOnlyRunning bool
}

// same is a refusal with one message, running or not.
func same(name, want string, edit func(*testing.T, string) string, _ ...string) refusal {
	return refusal{name: name, edit: edit, want: want, cold: want}
}

func replace(from, to string) func(*testing.T, string) string {
	return func(t *testing.T, good string) string { return edited(t, good, from, to) }
}

// pattern replaces the first match.
func pattern(from, to string) func(*testing.T, string) string {
	return func(t *testing.T, good string) string {
		at := regexp.MustCompile(from).FindStringIndex(good)
		if at == nil {
			t.Fatalf("no %s in\n%s", from, good)
		}
		return good[:at[0]] + to + good[at[1]:]
	}
}
