// Package e2e holds the end-to-end tests: they build the real binary and drive it against real servers, which are
// netconfd behind sshd, Prometheus, and the simulator for what takes many devices. It has no code of its own.
//
// What the tests need is installed by install.sh. A tool that is missing skips the tests that use it, and fails them
// when CI is set. The device tests log in with a password, so they need root to make the account they log in to.
package e2e
