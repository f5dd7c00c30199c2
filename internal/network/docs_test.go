package network_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/network"
)

func TestTheDocumentListsEveryFault(t *testing.T) {
	text, err := os.ReadFile("../../docs/demo.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range network.FaultKinds() {
		if row := fmt.Sprintf("\n| `%s` | %s | ", kind.Name, kind.Help); !strings.Contains(string(text), row) {
			t.Errorf("docs/demo.md lacks %s", row)
		}
	}
	for _, name := range demo(t).Devices() {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/demo.md lacks %s", name)
		}
	}
}

// A person finds a way to make each alert fire, and finds no alert that is not there.
func TestTheDocumentNamesEveryAlert(t *testing.T) {
	text, err := os.ReadFile("../../docs/demo.md")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile("../../examples/rules/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	alerts := map[string]bool{}
	for _, match := range regexp.MustCompile(`- alert: Netconf(\w+)`).FindAllStringSubmatch(string(rules), -1) {
		alerts[match[1]] = true
		if !regexp.MustCompile(`\b` + match[1] + `\b`).Match(text) {
			t.Errorf("docs/demo.md does not say how Netconf%s is made to fire", match[1])
		}
	}
	for _, match := range regexp.MustCompile(`(?m)^\| `+"`"+`.* \| (.*) \|$`).FindAllStringSubmatch(string(text), -1) {
		for _, name := range regexp.MustCompile(`\b[A-Z][a-z]+[A-Z]\w+`).FindAllString(match[1], -1) {
			if !alerts[name] && name != "OpenConfig" {
				t.Errorf("docs/demo.md names Netconf%s, which is no alert", name)
			}
		}
	}
}
