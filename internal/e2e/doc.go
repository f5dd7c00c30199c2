// Package e2e has the end-to-end tests. They build the real binary and run it with real servers: netconfd behind sshd, Prometheus,
// and the simulator where many devices are needed. The package has tests only.
//
// install.sh installs what the tests need. If a tool is missing, the tests that use it are skipped, or fail if CI is set. The tests
// with a real device log in with a password, so they need root to create the account.
package e2e
