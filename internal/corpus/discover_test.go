package corpus_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/corpus"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

var (
	// recordedHello is a hello, with what stands ahead of it unless that is a person's terminal.
	recordedHello = regexp.MustCompile(`(?s)^(<[!?].*?)?<(\w+:)?hello\b.*?</(\w+:)?hello>|<hello\b.*?</hello>`)
	helloEnd      = regexp.MustCompile(`</(\w+:)?hello>`)
	chunked       = regexp.MustCompile(`:base:1\.1\s*<`)
	// moduleLine is one of discover's, about a module that fits.
	moduleLine = regexp.MustCompile(`(?m)^  (\S+) +(\S+) +(chosen|fits)(, untested)? +the device announces`)
)

// TestDiscover has devices send recorded hellos and runs discover with them. They have no data, so that the best module of each
// kind is chosen.
func TestDiscover(t *testing.T) {
	library, err := config.BuiltinDefinitions()
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range corpus.Hellos(t) {
		t.Run(file, func(t *testing.T) {
			hello := recordedHello.FindString(corpus.Recording(t, file))
			harness := newHarness()
			harness.add(t, "device", config.Auto, func(p *netconftest.Peer) {
				p.Chunked = chunked.MatchString(p.Greet(hello)) && chunked.MatchString(hello)
				p.Answer(func(_, id string) string { return netconftest.OKReply(id) })
			})
			var out bytes.Buffer
			discover := command.Discover{Device: command.Device{Target: "device"}}
			err := discover.Run(t.Context(), &command.Environment{
				ConfigFiles: []string{harness.write(t)}, Logger: slog.New(slog.DiscardHandler), Stdout: &out, Stderr: &out,
			})
			if err != nil {
				t.Fatal(err)
			}
			chosen := map[string]string{}
			for _, line := range moduleLine.FindAllStringSubmatch(out.String(), -1) {
				name, kind, state, untested := line[1], line[2], line[3], line[4] != ""
				if state == "chosen" {
					chosen[kind] = name
				}
				if untested != (library.Modules[name].Status == "untested") {
					t.Errorf("module %s is shown as untested: %v, its status is %s", name, untested, library.Modules[name].Status)
				}
			}
			if diff := cmp.Diff(want, chosen); diff != "" {
				t.Errorf("modules chosen (-want +got):\n%s\n%s", diff, out.String())
			}
		})
	}
}

// TestHellosAreKnown fails for a recorded hello that is not in hellos.yml.
func TestHellosAreKnown(t *testing.T) {
	known := corpus.Hellos(t)
	folder := os.DirFS(corpus.Folder(t))
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, ".md") {
			return err
		}
		data, err := fs.ReadFile(folder, name)
		if err == nil && known[name] == nil && helloEnd.Match(data) {
			t.Errorf("what should auto read of the device of %s? Say so in hellos.yml", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
