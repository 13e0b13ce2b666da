package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/internal/gateway"
)

func (a *app) serveCommand() *cobra.Command {
	var file, format string
	var takeover bool
	var level slog.Level
	cmd := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Run the gateway",
		Long: `Runs the gateway until SIGINT or SIGTERM, then lets the requests in flight end. The configuration is
read again on SIGHUP, when the file changes, and by POST /-/reload; a broken one changes nothing.

With --takeover a new gateway replaces a running one without refusing a connection, for a new binary or for settings that take
a restart; without a running one it starts as usual. Sockets that systemd opens (http and admin) are used.`,
		Args: cobra.NoArgs,
		RunE: a.verb(func(ctx context.Context, _ []string) error {
			log, err := newLogger(a.err, format, level)
			if err != nil {
				return err
			}
			hangup := make(chan os.Signal, 1)
			signal.Notify(hangup, syscall.SIGHUP)
			defer signal.Stop(hangup)

			g, err := gateway.New(gateway.Options{ConfigPath: file, Hangup: hangup, Takeover: takeover, Getenv: os.Getenv, Logger: log, Stderr: a.err})
			if _, ok := errors.AsType[config.Errors](err); ok {
				return a.refuse(err)
			}
			if err != nil {
				return err
			}
			return g.Run(ctx)
		}),
	}
	cmd.Flags().StringVar(&file, "config", "", "the configuration file")
	cmd.Flags().BoolVar(&takeover, "takeover", false, "take the listening sockets over from a gateway that runs with the same state folder; it drains and ends")
	cmd.Flags().StringVar(&format, "log-format", "text", "text or json; the log goes to standard error")
	cmd.Flags().TextVar(&level, "log-level", slog.LevelInfo, "debug, info, warn or error")
	if err := cmd.MarkFlagRequired("config"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

func newLogger(out io.Writer, format string, level slog.Level) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(out, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(out, options)), nil
	}
	return nil, usage("--log-format is text or json, not %q", format)
}
