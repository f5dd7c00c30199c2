package api_test

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/apitest"
)

// TestTheExamplesOfTheDocumentWork runs all curl commands of docs/api.md, in order, in one shell.
func TestTheExamplesOfTheDocumentWork(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is not installed", tool)
			}
			t.Skipf("%s is not installed", tool)
		}
	}
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	core, edge := simulated(t), simulated(t)
	s := apitest.Start(t, apitest.Options{Config: apitest.Base + "targets: [{name: core-1, address: '" + core.Address() + "', auth: lab, labels: {site: ams}}]\n"})
	script := "set -euo pipefail\n"
	commands := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		script += block[1]
		commands += strings.Count(block[1], "curl ")
	}
	script = strings.ReplaceAll(script, "localhost:10830", strings.TrimPrefix(s.URL, "http://"))
	script = strings.ReplaceAll(script, `"192.0.2.9"`, `"`+edge.Address()+`"`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "bash", "-xc", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{`"oper_status":"up"`, `"state":"awaiting_confirmation"`, `"name":"live","state":"succeeded"`, `"origin":"api"`, `{"auths":["far","lab"]}`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no command says %s:\n%s", want, out)
		}
	}
	if commands < 15 {
		t.Errorf("the document has only %d commands", commands)
	}
	if _, ok := s.Exporter.Target("edge-9"); ok {
		t.Error("edge-9 is still there")
	}
}
