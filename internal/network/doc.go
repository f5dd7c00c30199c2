// Package network is a small simulated network: devices with interfaces, hardware, optics and routing, the links between
// them, and traffic that flows over those links.
//
// A scenario (YAML) says what there is, and a model (an XML template) says how a device tells of it. The two ends of a link
// share one set of counters, so that they always agree. Faults can be set and cleared while the network runs.
//
// It shares nothing with the code that reads devices: what the exporter makes of this network is a test of the exporter.
package network
