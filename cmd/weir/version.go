package main

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what the binary knows about itself.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Modified bool   `json:"modified"` // the working tree had changes that the commit does not have
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (a *app) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Version, commit and Go version of this binary",
		Args:  cobra.NoArgs,
		RunE: a.verb(func(context.Context, []string) error {
			b := describeBuild(debug.ReadBuildInfo())
			if a.asJSON {
				return a.printJSON(b)
			}
			commit := b.Commit
			if b.Modified {
				commit += " (modified)"
			}
			a.printf("weir %s\ncommit %s\n%s %s\n", b.Version, commit, b.Go, b.Platform)
			return nil
		}),
	}
	cmd.Flags().BoolVar(&a.asJSON, "json", false, "print JSON")
	return cmd
}

// describeBuild reads what the Go tool stamped; a build without version control says so instead of guessing.
func describeBuild(info *debug.BuildInfo, ok bool) build {
	b := build{Version: "unknown", Commit: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if !ok {
		return b
	}
	b.Version = info.Main.Version
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Commit = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		}
	}
	return b
}
