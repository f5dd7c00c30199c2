// Package pipeline reads the dashboards for tests, and holds the tests of what surrounds the exporter: the configurations of
// Prometheus, Alertmanager and Docker Compose, the rules with their runbooks, and the dashboards. What takes running servers is in
// internal/e2e.
package pipeline
