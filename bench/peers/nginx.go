package peers

import (
	"fmt"
	"strings"
)

// nginx splits by the weights of one upstream (the cheapest of its ways) and
// copies with its mirror module.
func (t Tools) nginx(dir string, j Job) (*Process, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	var servers strings.Builder
	for _, a := range j.Arms {
		fmt.Fprintf(&servers, "    server %s weight=%d max_fails=0;\n", a.Address, a.Weight)
	}
	const keep = "    keepalive 4096; keepalive_requests 100000000; keepalive_timeout 300s;\n"
	mirror, shadow, place, stream := "", "", "", ""
	if j.Shadow != "" {
		shadow = "  upstream shadow {\n    server " + j.Shadow + " max_fails=0;\n" + keep + "  }\n"
		mirror = "mirror /mirror;"
		place = "location = /mirror { internal; proxy_read_timeout 2s; proxy_pass http://shadow$request_uri; }"
	}
	if j.Stream {
		stream = "proxy_buffering off; proxy_request_buffering off;"
	}
	path, err := write(dir, "nginx.conf", fmt.Sprintf(`worker_processes 1;
daemon off;
pid %[1]s/pid;
error_log stderr crit;
worker_rlimit_nofile 20000;
events { worker_connections 40000; }
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  upstream arms {
%[2]s%[3]s  }
%[4]s  server {
    listen %[5]s backlog=4096;
    keepalive_requests 100000000; keepalive_timeout 300s;
    client_max_body_size 0; client_body_buffer_size 2m; proxy_read_timeout 300s;
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
    location / { %[6]s %[7]s proxy_pass http://arms; }
    %[8]s
  }
}
`, dir, servers.String(), keep, shadow, address, mirror, stream, place))
	if err != nil {
		return nil, err
	}
	return Start(NameNginx, address, "nginx", "-p", dir, "-c", path)
}
