package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

const thermometer = `module thermometer {
  namespace "urn:thermometer";
  prefix t;
  container now { config false; leaf temperature { type int32; units "millidegrees celsius"; } }
}
`

func TestGenerateWritesAFileThatTheOtherCommandsRead(t *testing.T) {
	yang := t.TempDir()
	if err := os.WriteFile(filepath.Join(yang, "thermometer.yang"), []byte(thermometer), 0o600); err != nil {
		t.Fatal(err)
	}
	generate := &command.Generate{YANGDirs: []string{yang}, Paths: []string{"/thermometer:now"}}
	r := run(t, generate)
	if r.err != nil || !strings.Contains(r.stdout.String(), "thermometer_now_temperature_celsius: {leaf: temperature, scale: 0.001}") {
		t.Fatalf("error %v, stdout\n%s", r.err, r.stdout)
	}
	generate.Output = filepath.Join(t.TempDir(), "generated.yml")
	if r := run(t, generate); r.err != nil || r.stdout.String() != "" {
		t.Fatalf("error %v, stdout %q; want a file alone", r.err, r.stdout)
	}
	_, file := fleet(t, simulator.Config{})
	if r := run(t, command.Check{}, file, generate.Output); r.err != nil {
		t.Errorf("what is generated is not good: %v", r.err)
	}
	generate.Output = filepath.Join(yang, "none", "generated.yml")
	wantError(t, run(t, generate).err, generate.Output)
}

func TestGenerateSaysWhatItLacks(t *testing.T) {
	devices, file := fleet(t, simulator.Config{})
	name := devices[0].Name
	paths := []string{"/ietf-interfaces:interfaces-state"}
	for _, c := range []struct {
		generate *command.Generate
		says     []string
	}{
		{&command.Generate{Paths: paths}, []string{"--yang-dir", "--target"}},
		{&command.Generate{Paths: paths, YANGDirs: []string{t.TempDir()}}, []string{"--yang-dir", ".yang"}},
		{&command.Generate{Paths: paths, Device: command.Device{Target: "nobody"}}, []string{`"nobody"`, name}},
		{&command.Generate{Paths: paths, Device: command.Device{Target: name}}, []string{name, "ietf-netconf-monitoring", "--yang-dir"}},
	} {
		wantError(t, run(t, c.generate, file).err, c.says...)
	}
}
