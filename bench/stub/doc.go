// Package stub has model servers for benchmarks: as cheap as can be, so that
// what is measured is what stands in front of them.
package stub
