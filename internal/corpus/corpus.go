// Package corpus has the results that tests expect of recorded replies and hellos of real devices. The recordings are not part of
// this repository. Tests that need them are skipped if they are missing.
package corpus

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

//go:embed cases hellos.yml
var files embed.FS

// Case is what a module must make of replies of real devices. A case without Want and Counts expects no samples.
type Case struct {
	Module  string
	Replies []string  // recordings, one for each read of the module; reads without one give no data
	Now     time.Time // time of the read, for values that depend on it; zero: the constant Now
	// Partial says that the replies have too little of the module's data, or were not recorded but written, so that the module
	// does not count as supported.
	Partial bool
	Fails   bool               // the replies report an error
	Want    []string           // some of the samples: `name{label="value"} number`, with sorted labels and without empty ones
	Counts  map[string]int     // number of samples, by metric
	Sums    map[string]float64 // what all samples of a metric come to together, worked out from the recording by another program
	Skipped map[string]int     // number of skipped values, by reason
}

// Now is the time of the read of cases that have no other.
var Now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// Present is when the replies are read.
func (c *Case) Present() time.Time {
	if c.Now.IsZero() {
		return Now
	}
	return c.Now
}

// Empty reports whether the replies give no samples.
func (c *Case) Empty() bool { return c.Want == nil && c.Counts == nil }

// Cases reads the cases of cases/*.yml, by file and name.
func Cases(t testing.TB) map[string]Case {
	t.Helper()
	folder, err := files.ReadDir("cases")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Case{}
	for _, file := range folder {
		var cases map[string]Case
		load(t, "cases/"+file.Name(), &cases)
		for name, c := range cases {
			all[strings.TrimSuffix(file.Name(), ".yml")+"/"+name] = c
		}
	}
	return all
}

// Hellos reads hellos.yml: which module auto reads first of each kind, by recording and kind.
func Hellos(t testing.TB) (hellos map[string]map[string]string) {
	t.Helper()
	load(t, "hellos.yml", &hellos)
	return hellos
}

func load(t testing.TB, name string, into any) {
	t.Helper()
	data, err := files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// Folder is the directory of the recordings, relative to a package in internal. The test is skipped if it does not exist.
func Folder(t testing.TB) string {
	t.Helper()
	folder := filepath.Join("..", "..", "..", "shared", "corpus")
	if _, err := os.Stat(folder); os.IsNotExist(err) {
		t.Skip("the collection of recorded replies is not at hand")
	}
	return folder
}

// Recording reads what a real device sent, without its framing.
func Recording(t testing.TB, name string) string {
	t.Helper()
	recorded, err := os.ReadFile(filepath.Join(Folder(t), name))
	if err != nil {
		t.Fatal(err)
	}
	message, err := unframe(string(recorded))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	// What was recorded as the content of an <edit-config> has the form of a reply's data.
	if content, ok := strings.CutPrefix(message, "<config"); ok {
		return "<data" + strings.TrimSuffix(strings.TrimRight(content, " \n"), "</config>") + "</data>"
	}
	return message
}

// unframe removes the framing of RFC 6242 from a message.
func unframe(s string) (string, error) {
	if !strings.HasPrefix(s, "\n#") {
		return strings.TrimSuffix(strings.TrimSpace(s), "]]>]]>"), nil
	}
	var b strings.Builder
	for strings.HasPrefix(s, "\n#") && !strings.HasPrefix(s, "\n##") {
		size, rest, _ := strings.Cut(s[2:], "\n")
		n, err := strconv.Atoi(size)
		if err != nil || n > len(rest) {
			return "", fmt.Errorf("bad chunk of size %q", size)
		}
		b.WriteString(rest[:n])
		s = rest[n:]
	}
	return b.String(), nil
}
