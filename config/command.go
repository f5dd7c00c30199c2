package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	commandTimeout = 10 * time.Second // of a password_command
	commandKept    = 10 * time.Second // for how long what it printed is used again: many logins may begin at once
	maxSecret      = 64 << 10         // octets of its output
)

// Command is a program and its arguments. These are never shown: people write secrets there too.
type Command []string

// MarshalYAML gives the program, and "<secret>" for each argument.
func (c Command) MarshalYAML() (any, error) {
	shown := make([]string, len(c))
	for i := range c {
		shown[i] = hidden
	}
	if len(c) > 0 {
		shown[0] = c[0]
	}
	return shown, nil
}

// resolve makes a program that is named with a folder relative to the file that names it.
func (c Command) resolve(dir string) {
	if len(c) > 0 && strings.Contains(c[0], "/") {
		if c[0] = inDir(dir, c[0]); !strings.Contains(c[0], "/") {
			c[0] = "./" + c[0] // a word alone would be looked for in PATH
		}
	}
}

// commandRun is one run of a command, for all who want its output.
type commandRun struct {
	began  time.Time
	done   chan struct{}
	secret string
	err    error
}

// run gives what a command prints, without the newline at its end.
func (f *Files) run(c Command) (string, error) {
	key := strings.Join(c, "\x00")
	f.mu.Lock()
	r := f.commands[key]
	if r == nil || r.over() {
		r = &commandRun{began: time.Now(), done: make(chan struct{})}
		if f.commands == nil {
			f.commands = map[string]*commandRun{}
		}
		for other, old := range f.commands {
			if old.over() {
				delete(f.commands, other)
			}
		}
		f.commands[key] = r
		go func() {
			r.secret, r.err = c.output()
			close(r.done)
		}()
	}
	f.mu.Unlock()
	<-r.done // within commandTimeout and a little
	return r.secret, r.err
}

// over reports whether the run has ended, and too long ago to be used again.
func (r *commandRun) over() bool {
	select {
	case <-r.done:
		return r.err != nil || time.Since(r.began) > commandKept
	default:
		return false
	}
}

// output runs the program. What it and its children print to stderr, and its arguments, are in no error.
func (c Command) output() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c[0], c[1:]...)
	out := &boundedBuffer{left: maxSecret}
	cmd.Stdout = out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	name := filepath.Base(c[0])
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("password_command %s did not end within %v; make it answer without a person", name, commandTimeout)
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, syscall.ENOENT):
		return "", fmt.Errorf("password_command %s is not there; write the path of a program", name)
	case errors.As(err, &exit):
		return "", fmt.Errorf("password_command %s failed (%v); run it as the exporter's user to see why", name, exit.ProcessState)
	case out.left < 0:
		return "", fmt.Errorf("password_command %s printed more than %d KiB; let it print the password alone", name, maxSecret>>10)
	case err != nil:
		return "", fmt.Errorf("password_command %s cannot be run: %w; make it a program that the exporter's user may run", name, errors.Unwrap(err))
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(out.kept.String(), "\n"), "\r")
	switch {
	case secret == "":
		return "", fmt.Errorf("password_command %s printed nothing; let it print the password to its stdout", name)
	case strings.ContainsAny(secret, "\n\r"):
		return "", fmt.Errorf("password_command %s printed several lines; let it print only the password, for instance through head -n 1", name)
	}
	return secret, nil
}

// boundedBuffer keeps the first octets that are written to it.
type boundedBuffer struct {
	kept bytes.Buffer
	left int
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left >= 0 {
		b.kept.Write(p)
	}
	return len(p), nil
}
