// Package dashboards makes the Grafana dashboards in grafana-dashboards/: what is repeated in Grafana's JSON some hundred times
// is written here once. `make docs` writes the files; a test checks that they are fresh.
package dashboards

//go:generate go test -run TestFilesAreFresh . -update

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Files returns the dashboards by the names of their files. runbooks is the path of docs/runbooks.md, whose first sentence about an
// alert is what the dashboards say of it.
func Files(runbooks string) (map[string][]byte, error) {
	about, err := alertDescriptions(runbooks)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, d := range map[string]dashboard{"fleet.json": fleet(about), "device.json": device(about), "interface.json": interfaces(), "exporter.json": exporter()} {
		text, err := json.MarshalIndent(d.json(), "", " ")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files[name] = append(text, '\n')
	}
	return files, nil
}

var runbook = regexp.MustCompile(`(?m)^## (Netconf\w+)\n\n((?:.|\n)*?\.)\s`)

// alertDescriptions returns the first sentence of each runbook.
func alertDescriptions(runbooks string) (map[string]string, error) {
	text, err := os.ReadFile(runbooks)
	if err != nil {
		return nil, err
	}
	about := map[string]string{}
	for _, match := range runbook.FindAllStringSubmatch(string(text), -1) {
		about[match[1]] = strings.ReplaceAll(strings.Join(strings.Fields(match[2]), " "), "`", "")
	}
	if len(about) == 0 {
		return nil, fmt.Errorf("%s: no alert has a section", runbooks)
	}
	return about, nil
}
