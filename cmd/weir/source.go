package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/weir-gateway/weir/admin/api"
)

// showSource tells where a model's versions come from by themselves: what that
// calls them, and what of it is not here.
func (a *app) showSource(m api.Model) {
	s := m.Source
	if s.Error != "" {
		a.printf("%s %s\n", a.red(s.Kind+" can't be read:"), oneLine(s.Error))
	}
	if len(s.Aliases) > 0 {
		var names []string
		for _, alias := range slices.Sorted(maps.Keys(s.Aliases)) {
			names = append(names, alias+"="+s.Aliases[alias])
		}
		a.printf("%s aliases: %s\n", s.Kind, strings.Join(names, " "))
	}
	for _, v := range s.Skipped {
		a.printf("%s %s\n", a.yellow(s.Kind+" version "+v.Version+" is not taken over:"), oneLine(v.Reason))
	}
}
