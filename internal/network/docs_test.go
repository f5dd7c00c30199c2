package network_test

import (
	"fmt"
	"os"
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
		if row := fmt.Sprintf("\n| `%s` | %s |\n", kind.Name, kind.Help); !strings.Contains(string(text), row) {
			t.Errorf("docs/demo.md lacks %s", row)
		}
	}
	for _, name := range demo(t).Devices() {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/demo.md lacks %s", name)
		}
	}
}
