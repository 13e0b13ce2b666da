// Command bench measures Weir on one machine beside what it is compared with, in
// one run: nginx, HAProxy, Envoy, net/http's ReverseProxy and a bare fasthttp
// proxy, each with one thread and a configuration that does the same job, and
// HAProxy in TCP mode as the limit.
//
//	bench/setup                          # once: installs the peers
//	go run ./bench -quick split          # a try, a minute
//	go run ./bench -out bench/results    # all, an hour
//
// Every measurement alternates between its cases, and quotes the median of
// their rounds and the ratio within the run: seconds on a shared machine say
// little, ratios say something. The figure that says most is the processor time
// of a request, from /proc: it is the same whether the machine is busy or not,
// but for its caches.
//
// The load generator is this process: one thread. What stands for model
// servers is a second process with one thread (package stub), the proxy a third.
// Nothing is pinned to a processor: on two of them, pinning the proxy to one
// leaves the rest to share the other, which favours whoever waits most.
package main
