package main

import "github.com/spf13/cobra"

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "weir",
		Short: "A gateway for models that shadows, compares, promotes and rolls back",
		Long: `Weir stands in front of model servers: it splits and copies their traffic between versions,
watches inputs, outputs and behaviour of each, walks a new version to 100 %, and goes back by itself
when that version is proven worse.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		a.serveCommand(),
		a.checkCommand(),
		a.demoCommand(),
		a.registerCommand(),
		a.statusCommand(),
		a.historyCommand(),
		a.diffCommand(),
		a.splitCommand(),
		a.switchCommand(),
		a.shadowCommand(),
		a.rollbackCommand(),
		a.feedbackCommand(),
		a.rolloutCommand(),
		a.profileCommand(),
		a.reportCommand(),
		a.backtestCommand(),
		a.tokenCommand(),
		a.auditCommand(),
		a.versionCommand(),
		a.healthcheckCommand(),
	)
	return root
}
