package config

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/weir-gateway/weir/registry"
)

// Source says where a model's versions come from, beside `weir register`.
type Source struct {
	MLflow MLflow `json:"mlflow,omitzero"`
}

// MLflow names a registered model whose versions are registered here too. Off
// while URL is empty.
type MLflow struct {
	URL              string   `json:"url,omitempty"`                // of the tracking server
	Name             string   `json:"name,omitempty"`               // of the registered model
	Endpoints        []string `json:"endpoints,omitempty"`          // of a version; {version} stands for its number
	Poll             Duration `json:"poll,omitzero"`                // between two looks
	TokenEnv         string   `json:"token_env,omitempty"`          // the environment variable with the token
	WebhookSecretEnv string   `json:"webhook_secret_env,omitempty"` // the environment variable with the webhook's secret
}

// derive fills in what is only there where a source is.
func (s *Source) derive(model, path string, said func(path string) bool) {
	if s.MLflow.URL == "" {
		return
	}
	if !said(path + ".mlflow.name") {
		s.MLflow.Name = model
	}
	if !said(path + ".mlflow.poll") {
		s.MLflow.Poll = Duration(30 * time.Second)
	}
}

func (c *checker) source(path string, s Source) {
	m := s.MLflow
	if m.URL == "" {
		if c.said(path) {
			c.fault(RuleSource, path+".mlflow.url", "is missing, so no versions would come from anywhere; name the tracking server, such as http://127.0.0.1:5000, or remove source")
		}
		return
	}
	path += ".mlflow"
	u, err := url.Parse(m.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		c.fault(RuleSource, path+".url", "%q is no URL of a tracking server; write http or https, such as http://127.0.0.1:5000", m.URL)
	case u.User != nil:
		c.fault(RuleSource, path+".url", "has a password in it, which logs and the admin API would show; put user:password into an environment variable and name that with token_env")
	case u.RawQuery != "" || u.Fragment != "":
		c.fault(RuleSource, path+".url", "has a query or a fragment; end it with the path")
	}
	// Names with quotes exist, but no filter of MLflow's search can tell them.
	if m.Name == "" || len(m.Name) > 250 || strings.ContainsAny(m.Name, "'\"/:\x00") {
		c.fault(RuleSource, path+".name", "%q is no name of a registered model; it can't be empty or have quotes, slashes or colons", shorten(m.Name))
	}
	c.duration(path+".poll", m.Poll, time.Second, 24*time.Hour)
	for i, template := range m.Endpoints {
		inner := fmt.Sprintf("%s.endpoints[%d]", path, i)
		if !strings.Contains(template, "{version}") {
			c.fault(RuleSource, inner, "%q would be the endpoint of every version; put {version} where a version's number belongs, or give each version in MLflow the tag weir.endpoints", template)
			continue
		}
		example := registry.Version{Model: "m", Version: "1", Endpoints: []string{strings.ReplaceAll(template, "{version}", "1")}}
		if example.Validate() != nil {
			c.fault(RuleSource, inner, "%q is no URL; write it like http://models.internal:9000/v2/models/flights/versions/{version}", template)
		}
	}
}
