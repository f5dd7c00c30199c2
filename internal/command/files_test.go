package command_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// TestServeWithABadTargetFile holds that a target file that turns bad, or is none, leaves all targets as they were, is told of, and is
// taken again when it is good.
func TestServeWithABadTargetFile(t *testing.T) {
	_, file := fleet(t, simulator.Config{Devices: 2, Interfaces: 1})
	main, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// The second target moves to a file of its own.
	text := string(main)
	at := strings.LastIndex(text, "    - name: ")
	list := filepath.Join(filepath.Dir(file), "list.yml")
	rest := strings.Index(text[at:], "defaults:")
	second := text[at:]
	if rest >= 0 {
		second = text[at : at+rest]
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file, strings.Replace(text, second, "", 1)+"\ntarget_files: [list.yml]\n")
	write(list, "targets:\n"+second)
	r, _ := start(t, serveAt("127.0.0.1:0"), file)
	url := "http://" + r.stderr.after(t, `msg="Listening on" address=`)
	reload := func(failed string) {
		t.Helper()
		if status, body := fetch(t, http.MethodPost, url+"/-/reload"); status != http.StatusOK {
			t.Errorf("a reload gives %d %s", status, body)
		}
		_, body := fetch(t, http.MethodGet, url+"/metrics")
		for _, want := range []string{`netconf_up{target="sim-0001"} 1`, `netconf_up{target="sim-0002"} 1`,
			`netconf_exporter_config_file_failed{file="` + list + `"} ` + failed} {
			if !strings.Contains(body, want) {
				t.Errorf("/metrics has no %s", want)
			}
		}
	}
	reload("0")
	for range 5 {
		write(list, "")
		reload("1")
		write(list, "targets:\n"+second)
		reload("0")
	}
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(list, 0o600); err != nil {
		t.Fatal(err)
	}
	reload("1")
	if text := r.stderr.String(); !strings.Contains(text, "a file of targets is bad") || !strings.Contains(text, "regular file") {
		t.Errorf("the log does not tell of it:\n%s", text)
	}
	wantError(t, run(t, command.Check{}, file).err, list, "regular file")
}
