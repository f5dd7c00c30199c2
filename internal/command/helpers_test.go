package command_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// result is the output and the error of a command.
type result struct {
	stdout, stderr *output
	err            error
}

// run runs a command to its end.
func run(t *testing.T, c command.Command, files ...string) result {
	t.Helper()
	r := result{stdout: newOutput(), stderr: newOutput()}
	r.err = c.Run(t.Context(), r.environment(files...))
	return r
}

// start runs a command in the background until stop is called, which returns its error.
func start(t *testing.T, c command.Command, files ...string) (r *result, stop func() error) {
	t.Helper()
	r = &result{stdout: newOutput(), stderr: newOutput()}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.err = c.Run(ctx, r.environment(files...))
		r.stdout.end()
		r.stderr.end()
	}()
	stop = func() error {
		cancel()
		<-ended
		return r.err
	}
	t.Cleanup(func() { _ = stop() })
	return r, stop
}

func (r *result) environment(files ...string) *command.Environment {
	return &command.Environment{
		ConfigFiles: files, Stdout: r.stdout, Stderr: r.stderr,
		Logger: command.NewLogger(r.stderr, slog.LevelInfo, command.FormatLogfmt),
	}
}

// output is a bytes.Buffer in which a goroutine can wait for text while another writes.
type output struct {
	mu      sync.Mutex
	more    *sync.Cond
	written bytes.Buffer
	ended   bool
}

func newOutput() *output {
	o := &output{}
	o.more = sync.NewCond(&o.mu)
	return o
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.more.Broadcast()
	return o.written.Write(p)
}

func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.more.Broadcast()
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.written.String()
}

// after waits for a text and returns the word that follows it.
func (o *output) after(t *testing.T, text string) string {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if _, rest, found := strings.Cut(o.written.String(), text); found && strings.ContainsAny(rest, " \n") {
			return strings.Fields(rest)[0]
		}
		if o.ended {
			t.Fatalf("%q never came; what came is %q", text, o.written.String())
		}
		o.more.Wait()
	}
}

// fleet starts simulated devices and writes the configuration for them.
func fleet(t *testing.T, config simulator.Config) (devices []*simulator.Device, file string) {
	t.Helper()
	f, err := simulator.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	yaml, err := f.ConfigYAML("simulated")
	if err != nil {
		t.Fatal(err)
	}
	return f.Devices(), write(t, string(yaml))
}

// scripted writes the configuration for a scripted device with the name "router".
func scripted(t *testing.T, script func(*netconftest.Peer)) (file string) {
	t.Helper()
	device := netconftest.Start(t, script)
	return write(t, fmt.Sprintf(`
auths: {lab: {username: %s, password: %s, insecure_ignore_host_key: true}}
targets: [{name: router, address: %q, auth: lab}]
`, netconftest.User, netconftest.Password, device.Address))
}

func write(t *testing.T, text string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "netconf.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// wantError checks that the error is one line with all of the words.
func wantError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", words)
	}
	var line strings.Builder
	command.PrintError(&line, err)
	for _, word := range words {
		if !strings.Contains(line.String(), word) {
			t.Errorf("the error is %q; want %q in it", line.String(), word)
		}
	}
	if strings.Count(line.String(), "\n") != 1 {
		t.Errorf("the error is not one line:\n%s", line.String())
	}
}
