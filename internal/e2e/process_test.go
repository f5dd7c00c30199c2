//go:build linux

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// patience is how long a test waits for what should happen soon.
const patience = 20 * time.Second

// process is a program that runs until the test ends, or until it is stopped.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	ended  chan struct{}
	output netconftest.Buffer
}

// start runs a program, under another account if one is given.
func start(t testing.TB, cmd *exec.Cmd, account ...*syscall.Credential) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	// If the tests are killed, their processes end too.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if len(account) > 0 {
		cmd.SysProcAttr.Credential = account[0]
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	go func() {
		cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.stop(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("output of %s:\n%s", cmd.Path, p.output.String())
		}
	})
	return p
}

// stop sends a signal and waits for the end. It returns the exit status, or -1 if a signal ended the process.
func (p *process) stop(signal os.Signal) int {
	p.cmd.Process.Signal(signal)
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Errorf("%s still ran %s after %s", p.cmd.Path, patience, signal)
		p.cmd.Process.Kill()
		<-p.ended
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// waitFor polls until the condition holds, and fails the test after patience.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", patience, what)
		}
	}
}

// freePort returns the wanted port of 127.0.0.1, or another one if it is taken.
func freePort(t testing.TB, wanted int) int {
	t.Helper()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", wanted))
	if err != nil {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
