package mlflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	patience  = 10 * time.Second // for one call, its body included, unless told otherwise
	maxAnswer = 8 << 20          // bytes of one answer
	api       = "/api/2.0/mlflow/"
)

// client makes the few calls of MLflow's REST API that a source needs. All of
// them read.
type client struct {
	base  string        // without a slash at the end
	token func() string // asked for every call, so that it can be replaced
	http  *http.Client

	timeout time.Duration // of one call, its body included
}

// answerError is an answer of MLflow that isn't 200.
type answerError struct {
	status  int
	code    string // MLflow's own, such as RESOURCE_DOES_NOT_EXIST; empty where the answer wasn't MLflow's
	message string
}

// Error is the status with what MLflow says.
func (e *answerError) Error() string {
	text := fmt.Sprintf("it answered %d", e.status)
	if e.code != "" {
		text += " " + e.code
	}
	if e.message != "" {
		text += ": " + e.message
	}
	return text
}

// missing says that MLflow answered, and does not have what was asked for.
func missing(err error) bool {
	e, ok := errors.AsType[*answerError](err)
	return ok && e.code == "RESOURCE_DOES_NOT_EXIST"
}

// get makes one call and decodes its answer.
func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+api+path+"?"+query.Encode(), nil)
	if err != nil {
		return fmt.Errorf("mlflow: %s: %w", path, err)
	}
	req.Header.Set("Accept", "application/json")
	c.authorize(req)
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("mlflow: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("mlflow: %s: the answer broke off: %w", path, err)
	case len(body) > maxAnswer:
		return fmt.Errorf("mlflow: %s: the answer is larger than %d bytes", path, maxAnswer)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("mlflow: %s: %w", path, refusal(resp.StatusCode, body))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("mlflow: %s: the answer is not MLflow's JSON (%q…): %w", path, clip(string(body), 40), err)
	}
	return nil
}

// authorize sends what the token variable has: USER:PASSWORD as Basic, as
// MLflow's own authentication wants it, and anything else as Bearer. A bearer
// token has no colon (RFC 6750).
func (c *client) authorize(req *http.Request) {
	token := c.token()
	if user, password, basic := strings.Cut(token, ":"); basic {
		req.SetBasicAuth(user, password)
	} else if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
}

func refusal(status int, body []byte) error {
	var said struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &said) // a proxy in between answers with something else
	return &answerError{status: status, code: clip(said.Code, 60), message: clip(said.Message, 200)}
}

// clip keeps what others say short.
func clip(s string, most int) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
