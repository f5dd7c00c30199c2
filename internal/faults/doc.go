// Package faults holds the fault matrix: a table of what devices, networks and the exporter's own machine do wrong, each
// row played over real sockets to a whole exporter, beside targets that are well. It has tests only.
package faults
