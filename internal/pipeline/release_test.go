package pipeline

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the workflows run is what a person can run: targets of the Makefile, and .ci/run.
func TestWorkflowsCallMake(t *testing.T) {
	makefile, err := os.ReadFile(root + "Makefile")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(root + ".github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d workflows, %v", len(files), err)
	}
	called := map[string]bool{}
	for _, file := range append(files, root+".gitlab-ci.yml") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?m)(?:run|script): (?:make (\w+)|\.ci/run)`).FindAllStringSubmatch(string(text), -1) {
			called[match[1]] = true
			if match[1] != "" && !strings.Contains(string(makefile), "\n"+match[1]+":") {
				t.Errorf("%s: there is no make %s", file, match[1])
			}
		}
	}
	for _, target := range []string{"", "vuln", "image", "release"} {
		if !called[target] {
			t.Errorf("no workflow runs %q", target)
		}
	}
}

// The unit of the packages is as closed as the one in the examples.
func TestSystemdUnitsAreHardenedAlike(t *testing.T) {
	hardening := func(file string) []string {
		text, err := os.ReadFile(root + file)
		if err != nil {
			t.Fatal(err)
		}
		_, after, found := strings.Cut(string(text), "UMask=")
		if !found {
			t.Fatalf("%s has no UMask", file)
		}
		return strings.Split(after, "\n")
	}
	if packaged, example := hardening("packaging/netconf_exporter.service"), hardening("examples/systemd/netconf_exporter.service"); !slices.Equal(packaged, example) {
		t.Errorf("the packages' unit has\n%q\nthe example\n%q", packaged, example)
	}
}
