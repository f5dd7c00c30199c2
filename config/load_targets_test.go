package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// targetsOf lists the targets of a configuration as NAME@ADDRESS.
func targetsOf(c *config.Config) (all []string) {
	for _, target := range c.Targets {
		all = append(all, target.Name+"@"+target.Address)
	}
	return all
}

// TestBadTargetFiles holds that a target file that turns bad keeps its targets, that others go on, and that it has none after a
// restart.
func TestBadTargetFiles(t *testing.T) {
	const good = "- {name: a1, address: a1, auth: lab}\n- {name: a2, address: a2, auth: lab}\n"
	for name, bad := range map[string]string{
		"empty":            "",
		"comments alone":   "# none\n",
		"no YAML":          "- {name: a1",
		"cut in an entry":  "- name: a1\n  address: a1\n  auth: lab\n- name: a2\n  addr",
		"cut in a value":   "- name: a1\n  address: a1\n  auth: la",
		"unknown key":      "- {name: a1, address: a1, auth: lab, colour: red}\n",
		"unknown auth":     "- {name: a1, address: a1, auth: other}\n",
		"no address":       "- {name: a1, auth: lab}\n",
		"one name twice":   "- {name: a1, address: a1, auth: lab}\n- {name: a1, address: a2, auth: lab}\n",
		"a bad label":      "- {name: a1, address: a1, auth: lab, labels: {target: x}}\n",
		"an empty target":  "-\n",
		"a bad setting":    "- {name: a1, address: a1, auth: lab, timeout: -1s}\n",
		"a second YAML":    "[]\n---\n[]\n",
		"larger than that": "# " + strings.Repeat("x", 16<<20) + "\n[]\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{
				"netconf.yml": lab + "targets: [{address: main, auth: lab}]\ntarget_files: [a.yml, b.yml]\n",
				"a.yml":       good, "b.yml": "- {name: b1, address: b1, auth: lab}\n",
			})
			patterns := []string{filepath.Join(dir, "netconf.yml")}
			a := filepath.Join(dir, "a.yml")
			var files config.Files
			read := func(files *config.Files, failed bool, want ...string) {
				t.Helper()
				c, err := files.Load(patterns)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, targetsOf(c)); diff != "" {
					t.Errorf("targets (-want +got):\n%s", diff)
				}
				if (c.FileErrors[a] != nil) != failed || (c.FilesError() != nil) != failed || len(c.FileErrors) != 2 {
					t.Errorf("what is wrong with files: %v", c.FileErrors)
				}
				if failed && !strings.Contains(c.FilesError().Error(), a) {
					t.Errorf("the error does not name the file: %v", c.FilesError())
				}
			}
			write := func(text string) {
				t.Helper()
				if err := os.WriteFile(a, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			read(&files, false, "main@main", "a1@a1", "a2@a2", "b1@b1")
			write(bad)
			for range 3 {
				read(&files, true, "main@main", "a1@a1", "a2@a2", "b1@b1")
			}
			read(new(config.Files), true, "main@main", "b1@b1")
			write("[]\n")
			read(&files, false, "main@main", "b1@b1")
			write(good)
			read(&files, false, "main@main", "a1@a1", "a2@a2", "b1@b1")
			if err := os.Remove(a); err != nil {
				t.Fatal(err)
			}
			read(&files, true, "main@main", "a1@a1", "a2@a2", "b1@b1")
		})
	}
}

// TestOneNameInTwoFiles holds that the earlier file wins, the configuration itself first, and that the other targets of the later one
// are there.
func TestOneNameInTwoFiles(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"netconf.yml": lab + "target_files: [a.yml, b.yml]\ntargets: [{name: main, address: main, auth: lab}]\n",
		"a.yml":       "- {name: x, address: ax, auth: lab}\n- {name: main, address: other, auth: lab}\n",
		"b.yml":       "- {name: x, address: bx, auth: lab}\n- {name: y, address: by, auth: lab}\n",
	})
	c, err := config.Load([]string{filepath.Join(dir, "netconf.yml")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"main@main", "x@ax", "y@by"}, targetsOf(c)); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	if a, b := c.FileErrors[filepath.Join(dir, "a.yml")], c.FileErrors[filepath.Join(dir, "b.yml")]; a == nil || b == nil || !strings.Contains(b.Error(), "a.yml:1, which wins") {
		t.Errorf("what is wrong: %v, %v", a, b)
	}
}

// TestDefaultsOfKeptTargets holds that targets of a file that has turned bad have the defaults of now, and go when their auth does.
func TestDefaultsOfKeptTargets(t *testing.T) {
	dir := writeFiles(t, map[string]string{"netconf.yml": lab + "target_files: [a.yml]\n", "a.yml": "- {name: x, address: x, auth: lab}\n"})
	main := filepath.Join(dir, "netconf.yml")
	var files config.Files
	load := func(text, targets string) *config.Config {
		t.Helper()
		for file, content := range map[string]string{main: text, filepath.Join(dir, "a.yml"): targets} {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, err := files.Load([]string{main})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	load(lab+"target_files: [a.yml]\n", "- {name: x, address: x, auth: lab}\n")
	if c := load(lab+"defaults: {timeout: 7s}\ntarget_files: [a.yml]\n", "-"); len(c.Targets) != 1 || *c.Targets[0].Timeout != config.Duration(7*time.Second) {
		t.Errorf("targets %v", targetsOf(c))
	}
	if c := load(strings.Replace(lab, "lab", "other", 1)+"target_files: [a.yml]\n", "-"); len(c.Targets) != 0 {
		t.Errorf("targets %v whose auth is gone", targetsOf(c))
	}
}

// TestFilesThatAreNone holds that a FIFO is refused at once wherever a file is named.
func TestFilesThatAreNone(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	main := filepath.Join(dir, "netconf.yml")
	for name, text := range map[string]string{
		"password_file":    "auths: {a: {username: u, password_file: fifo, insecure_ignore_host_key: true}}",
		"private_key_file": "auths: {a: {username: u, private_key_file: fifo, insecure_ignore_host_key: true}}",
		"known_hosts_file": "auths: {a: {username: u, password: p, known_hosts_file: fifo}}",
		"target_files":     lab + "target_files: [fifo]",
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(main, []byte(text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := config.Load([]string{main})
			if err == nil {
				err = c.FilesError()
			}
			if err == nil || !strings.Contains(err.Error(), "regular file") {
				t.Errorf("error %v", err)
			}
		})
	}
	if _, err := config.Load([]string{fifo}); err == nil || !strings.Contains(err.Error(), "regular file") {
		t.Errorf("as the configuration: %v", err)
	}
	if _, err := new(config.Keyring).Password(&config.Auth{PasswordFile: fifo}); err == nil {
		t.Error("a password is read from a FIFO")
	}
}

// TestHangingFile holds that the reading of a file that hangs is given up, that there is one goroutine for all who want it, and that
// it is read again when it hangs no more.
func TestHangingFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var files config.Files
		var began atomic.Int32
		hang := make(chan struct{})
		read := func() ([]byte, error) {
			return files.ReadWith("secret", func() ([]byte, error) {
				began.Add(1)
				<-hang
				return []byte("text"), nil
			})
		}
		for range 20 {
			var wg sync.WaitGroup
			for range 5 {
				wg.Go(func() {
					start := time.Now()
					if text, err := read(); err == nil || text != nil || time.Since(start) > config.FileTimeout {
						t.Errorf("%q, %v after %v", text, err, time.Since(start))
					}
				})
			}
			wg.Wait()
		}
		if began.Load() != 1 {
			t.Errorf("%d goroutines read one file", began.Load())
		}
		close(hang)
		synctest.Wait()
		if text, err := read(); string(text) != "text" || err != nil || began.Load() != 2 {
			t.Errorf("%q, %v", text, err)
		}
	})
}

// TestManyTargets holds that thousands of targets in many files are read right. A configuration that is larger than any is refused.
func TestManyTargets(t *testing.T) {
	files := map[string]string{"netconf.yml": lab + "target_files: [t/*.yml]\n"}
	for i := range 10 {
		var b strings.Builder
		for n := range 1000 {
			fmt.Fprintf(&b, "- {name: r%d-%d, address: 10.0.%d.%d, auth: lab, labels: {site: s%d}}\n", i, n, n/256, n%256, i)
		}
		files[fmt.Sprintf("t/%d.yml", i)] = b.String()
	}
	dir := writeFiles(t, files)
	c, err := config.Load([]string{filepath.Join(dir, "netconf.yml")})
	if err != nil || len(c.Targets) != 10_000 || c.FilesError() != nil {
		t.Fatalf("%v", err)
	}
	for i := range 3 {
		large := "# " + strings.Repeat("x", 6<<20) + "\n[]\n"
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("t/z%d.yml", i)), []byte(large), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err = config.Load([]string{filepath.Join(dir, "netconf.yml")})
	if err != nil || len(c.Targets) != 10_000 || c.FilesError() == nil || !strings.Contains(c.FilesError().Error(), "more than 16 MiB") {
		t.Errorf("%v, %v", err, c.FilesError())
	}
}
