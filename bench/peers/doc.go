// Package peers starts the programs that a benchmark measures, each as a
// process of its own with a configuration that does the same job, and reads
// their processor time and memory from the kernel.
package peers
