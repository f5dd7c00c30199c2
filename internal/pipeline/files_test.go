package pipeline

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gopkg.in/yaml.v3"
)

// root is the repository.
const root = "../../"

func TestPrometheusTakesTheFiles(t *testing.T) {
	for _, file := range []string{"prometheus.yml", "examples/prometheus-probe.yml"} { // with the rules that they name
		runTool(t, "promtool", "check", "config", root+file)
	}
	runTool(t, "amtool", "check-config", root+"examples/alertmanager.yml")
}

func TestYAMLFilesAreWhole(t *testing.T) {
	for _, pattern := range []string{"examples/*.yml", "examples/*/*.yml", "grafana-dashboards/provisioning/*/*.yml"} {
		files, err := filepath.Glob(root + pattern)
		if err != nil || len(files) == 0 {
			t.Errorf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Error(err)
				continue
			}
			decoder := yaml.NewDecoder(bytes.NewReader(text))
			for err == nil {
				var document map[string]any
				if err = decoder.Decode(&document); err == nil && len(document) == 0 {
					t.Errorf("%s: a document is empty", file)
				}
			}
			if err != io.EOF {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(root + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// runTool fails the test unless the tool succeeds; a tool that is missing skips it, or fails it where everything is meant to
// be installed.
func runTool(t *testing.T, tool string, arguments ...string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		missing := tool + " is not installed; internal/e2e/install.sh installs it on Debian"
		if os.Getenv("CI") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	if out, err := exec.Command(tool, arguments...).CombinedOutput(); err != nil {
		t.Errorf("%s %v: %v\n%s", tool, arguments, err, out)
	}
}
