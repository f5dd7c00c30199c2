package pipeline

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// compose is what the tests look at of docker-compose.yml.
type compose struct {
	Services map[string]service
	Volumes  map[string]any
}

type service struct {
	Image       string
	Build       string
	Profiles    []string
	Ports       []string
	Volumes     []string
	CPUs        float64  `yaml:"cpus"`
	Memory      string   `yaml:"mem_limit"`
	PIDs        int      `yaml:"pids_limit"`
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	CapAdd      []string `yaml:"cap_add"`
	SecurityOpt []string `yaml:"security_opt"`
	Privileged  bool
	Healthcheck struct{ Test []string }
	DependsOn   any `yaml:"depends_on"`
	Networks    map[string]struct{ Aliases []string }
}

// composeFiles are the whole pipeline, and the one beyond one Prometheus.
var composeFiles = []string{"docker-compose.yml", "examples/scale/docker-compose.yml"}

func readCompose(t *testing.T, file string) (c compose) {
	t.Helper()
	readYAML(t, file, &c)
	if len(c.Services) == 0 {
		t.Fatalf("%s has no services", file)
	}
	return c
}

func TestDockerComposeTakesTheFile(t *testing.T) {
	for _, file := range composeFiles {
		runTool(t, "docker-compose", "--file", root+file, "config", "--quiet")
	}
	runTool(t, "docker-compose", "--file", root+"docker-compose.yml", "--profile", "demo", "config", "--quiet")
}

// What Compose mounts must be there: Docker makes an empty folder of what is not.
func TestComposeMountsWhatThereIs(t *testing.T) {
	pinned := regexp.MustCompile(`:v?\d+\.\d+(\.\d+)?(-\w+)?$`)
	loopback := regexp.MustCompile(`^127\.0\.0\.1:\d+:\d+$`)
	for _, file := range composeFiles {
		all := readCompose(t, file)
		for name, service := range all.Services {
			name = file + ": " + name
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
				if _, named := all.Volumes[source]; named {
					continue
				}
				if _, err := os.Stat(filepath.Join(root, filepath.Dir(file), source)); err != nil {
					t.Errorf("%s mounts %s: %v", name, source, err)
				}
			}
		}
	}
}

func TestComposeServicesAreLimited(t *testing.T) {
	for _, file := range composeFiles {
		for name, service := range readCompose(t, file).Services {
			wantLimits(t, file+": "+name, service)
			// A device with sshd needs some privileges.
			if name != "targethost" && (!service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"})) {
				t.Errorf("%s: %s is not hardened: read_only %v, cap_drop %v", file, name, service.ReadOnly, service.CapDrop)
			}
		}
	}
}

func wantLimits(t *testing.T, name string, service service) {
	t.Helper()
	if service.CPUs <= 0 || service.CPUs > 1 { // Docker refuses more than the machine has
		t.Errorf("%s may use %v processors", name, service.CPUs)
	}
	if service.Memory == "" || service.PIDs == 0 {
		t.Errorf("%s may use all memory (%q) or processes (%d)", name, service.Memory, service.PIDs)
	}
	if len(service.Healthcheck.Test) < 2 {
		t.Errorf("%s: nobody looks whether it is healthy", name)
	}
	if service.Privileged || len(service.CapAdd) > 0 || !slices.Contains(service.SecurityOpt, "no-new-privileges:true") {
		t.Errorf("%s may get privileges", name)
	}
}

// The demo brings up everything but the device and the exporter that it stands in for.
func TestComposeDemoNeedsNoDevice(t *testing.T) {
	all := readCompose(t, "docker-compose.yml")
	demo := all.Services["demo"]
	if !slices.Equal(demo.Profiles, []string{"demo"}) || demo.Build == "" {
		t.Errorf("the demo: profiles %v, build %q", demo.Profiles, demo.Build)
	}
	started := map[string]bool{}
	var start func(name string)
	start = func(name string) {
		if started[name] {
			return
		}
		started[name] = true
		switch needed := all.Services[name].DependsOn.(type) {
		case []any:
			for _, other := range needed {
				start(other.(string))
			}
		case map[string]any:
			for other := range needed {
				start(other)
			}
		}
	}
	start("demo")
	for name := range all.Services {
		if want := name != "targethost" && name != "netconf-exporter"; started[name] != want {
			t.Errorf("with the demo, %s is started: %v", name, started[name])
		}
	}
	var prometheus struct {
		ScrapeConfigs []struct {
			StaticConfigs []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	readYAML(t, "prometheus.yml", &prometheus)
	target := prometheus.ScrapeConfigs[0].StaticConfigs[0].Targets[0]
	if host, _, _ := strings.Cut(target, ":"); !slices.Contains(demo.Networks["default"].Aliases, host) {
		t.Errorf("Prometheus scrapes %s, the demo is called %v", target, demo.Networks["default"].Aliases)
	}
}
