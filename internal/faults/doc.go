// Package faults has the fault matrix: a table of faults of devices, networks and the exporter's own machine. Each row is tested over
// real sockets with a complete exporter that also reads healthy targets. The package has tests only.
package faults
