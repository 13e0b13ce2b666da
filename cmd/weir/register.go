package main

import (
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

// registration is what the flags of register say.
type registration struct {
	endpoints []string
	lineage   registry.Lineage
	params    []string
	profile   string // a file
}

func (a *app) registerCommand() *cobra.Command {
	var r registration
	cmd := &cobra.Command{
		Use:   "register MODEL VERSION --endpoint URL…",
		Short: "Add a version of a model; traffic stays as it is",
		Long: `Adds an immutable version to the registry. It gets no traffic until split, switch, shadow or a rollout
gives it some. Registering the very same version again changes nothing; another content is refused.`,
		Example: "  weir register flights 3 --endpoint http://127.0.0.1:9003 --git 9f1c2ab --profile profile.json",
		Args:    cobra.ExactArgs(2),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			return a.register(ctx, args[0], args[1], r)
		}),
	}
	f := cmd.Flags()
	f.StringArrayVar(&r.endpoints, "endpoint", nil, "URL that serves the version; may be repeated")
	f.StringVar(&r.lineage.Git, "git", "", "commit of the training code")
	f.StringVar(&r.lineage.Data, "data", "", "digest of the training data")
	f.StringVar(&r.lineage.Run, "run", "", "the training run, as in mlflow:4f…")
	f.StringVar(&r.lineage.Artifact, "artifact", "", "digest of the trained model")
	f.StringArrayVar(&r.params, "param", nil, "hyperparameter as NAME=VALUE; may be repeated")
	f.StringVar(&r.profile, "profile", "", "reference profile, a file made by \"weir profile build\"")
	if err := cmd.MarkFlagRequired("endpoint"); err != nil {
		panic(err) // the flag is defined above
	}
	return a.changes(cmd, nil)
}

func (a *app) register(ctx context.Context, model, version string, r registration) error {
	for _, p := range r.params {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return usage("--param %q is not NAME=VALUE, as in l2=0.1", p)
		}
		if r.lineage.Params == nil {
			r.lineage.Params = map[string]string{}
		}
		r.lineage.Params[name] = value
	}
	c, err := a.client()
	if err != nil {
		return err
	}
	body := api.Registration{Endpoints: r.endpoints, Lineage: r.lineage}
	if r.profile != "" {
		data, err := os.ReadFile(r.profile)
		if err != nil {
			return usage("--profile: %w", err)
		}
		if body.Profile, err = c.PutProfile(ctx, data); err != nil {
			return err
		}
	}
	answer, err := c.Register(ctx, model, version, body)
	if err != nil {
		return err
	}
	if a.asJSON {
		return a.printJSON(answer)
	}
	done := "registered"
	if !answer.Created {
		done = "was registered already as"
	}
	a.printf("%s %s version %s at %s\n", done, model, version, strings.Join(answer.Version.Endpoints, " "))
	if !answer.Configured {
		a.printf("%s\n", a.yellow("note: this gateway's configuration has no model "+model+"; it serves nothing under that name"))
	}
	return nil
}
