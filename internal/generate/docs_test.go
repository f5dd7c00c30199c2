package generate_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// TestDocumentOfModules holds that docs/modules.md shows the whole language in a form that loads, and that what it shows as
// generated loads too.
func TestDocumentOfModules(t *testing.T) {
	document, err := os.ReadFile("../../docs/modules.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(document), -1)
	if len(blocks) != 3 {
		t.Fatalf("%d blocks of YAML, want the language, what is generated, and the change to it", len(blocks))
	}
	language := blocks[0][1]
	if compile(t, []byte(language))["example-switch"] == nil {
		t.Error("the module of the language's block is missing")
	}
	for _, of := range []any{config.Module{}, config.Read{}, config.Row{}, config.Value{}, config.Lookup{}, config.Metric{}} {
		for i := range reflect.TypeOf(of).NumField() {
			key, _, _ := strings.Cut(reflect.TypeOf(of).Field(i).Tag.Get("yaml"), ",")
			if key != "" && key != "-" && !regexp.MustCompile(`\b`+key+`:`).MatchString(language) {
				t.Errorf("the key %s of %T is not shown", key, of)
			}
		}
	}

	generated := blocks[1][1]
	compile(t, []byte(generated))
	row, metrics, found := strings.Cut(blocks[2][1], "\n\n")
	before, rest, cut := strings.Cut(generated, "      - path: /proc:proc\n")
	_, after, ended := strings.Cut(rest, "      - path: /proc:proc/cpuinfo/cpu\n")
	if !found || !cut || !ended {
		t.Fatal("the change does not fit what is generated")
	}
	after = regexp.MustCompile(`(?s)  server_proc_info:.*?decode: one\n`).ReplaceAllString(after, metrics)
	changed := before + row + "\n      - path: /proc:proc/cpuinfo/cpu\n" + after
	reply := `<rpc-reply><data><proc xmlns="http://netconfcentral.org/ns/yuma-proc"><meminfo><MemTotal>2 kB</MemTotal><MemFree>1 kB</MemFree></meminfo></proc></data></rpc-reply>`
	if got := samples(t, compile(t, []byte(changed))["yuma-proc"], []byte(reply)); !strings.Contains(got, "server_memory_total_bytes{} 2048\n") {
		t.Errorf("the changed module gives\n%s", got)
	}
}
