// Command bench measures Weir on one machine, beside what it is compared with,
// in one run.
//
//	go run ./bench isolation        # what a hung shadow costs the primary
//
// Every measurement alternates between its cases, and quotes the median of
// their rounds and the ratio within the run: seconds on a shared machine say
// little, ratios say something. It prints Markdown and, with -json FILE, writes
// the same numbers as JSON.
package main
