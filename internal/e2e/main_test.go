//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	unlock, err := lockMachine()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer unlock()
	// One directory for all files of the run, which the account can read.
	scratch, err := os.MkdirTemp("", "e2e-")
	if err == nil {
		defer os.RemoveAll(scratch)
		err = os.Chmod(scratch, 0o755)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	os.Setenv("TMPDIR", scratch)
	os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin") // the directories of servers
	defer removeAccount()
	return m.Run()
}

// lockMachine makes test runs wait for each other: they share an account, a port and the processor.
func lockMachine() (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(os.TempDir(), "netconf_exporter-e2e.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock against other runs: %w", err)
	}
	if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		fmt.Fprintln(os.Stderr, "e2e: waiting for another run on this machine to end")
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
			return nil, fmt.Errorf("lock against other runs: %w", err)
		}
	}
	return func() { file.Close() }, nil
}

// need skips the test if a tool is missing, or fails it if CI is set.
func need(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, tool+" is not installed; internal/e2e/install.sh installs it on Debian")
		}
	}
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// build builds the binary once for all tests, as `make build` does.
var build = sync.OnceValues(func() (path string, err error) {
	path = filepath.Join(os.TempDir(), "netconf_exporter")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", path, "../..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
