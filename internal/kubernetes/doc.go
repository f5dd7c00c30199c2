// Package kubernetes holds the tests of examples/kubernetes. It is a module of its own, so that those who build the exporter need
// none of Kubernetes' packages.
package kubernetes
