package pipeline

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
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

func TestDockerComposeTakesTheFile(t *testing.T) {
	runTool(t, "docker-compose", "--file", root+"docker-compose.yml", "config", "--quiet")
}

// What Compose mounts must be there: Docker makes an empty folder of what is not.
func TestComposeMountsWhatThereIs(t *testing.T) {
	var compose struct {
		Services map[string]struct {
			Image   string
			Build   string
			Ports   []string
			Volumes []string
		}
		Volumes map[string]any
	}
	readYAML(t, "docker-compose.yml", &compose)
	pinned := regexp.MustCompile(`:v?\d+\.\d+(\.\d+)?(-\w+)?$`)
	loopback := regexp.MustCompile(`^127\.0\.0\.1:\d+:\d+$`)
	for name, service := range compose.Services {
		if service.Build == "" && !pinned.MatchString(service.Image) {
			t.Errorf("%s: image %q has no version", name, service.Image)
		}
		for _, port := range service.Ports {
			if !loopback.MatchString(port) {
				t.Errorf("%s: port %s is open to others than this machine", name, port)
			}
		}
		for _, volume := range service.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if _, named := compose.Volumes[source]; named {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, source)); err != nil {
				t.Errorf("%s mounts %s: %v", name, source, err)
			}
		}
	}
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
