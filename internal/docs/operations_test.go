package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestOperationsKnowsTheProgramsWords checks that the errors which docs/operations.md explains, and the flags and metrics in
// its table of limits, are still in the program.
func TestOperationsKnowsTheProgramsWords(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	source := sources(t)
	_, limits, _ := strings.Cut(string(text), "\n## Limits\n")
	limits, _, _ = strings.Cut(limits, "\n## ")
	_, says, _ := strings.Cut(string(text), "\n| it says |")
	says, _, _ = strings.Cut(says, "\n## ")
	quoted := regexp.MustCompile("`([^`]+)`")
	checked := 0
	check := func(cell string) {
		for _, phrase := range quoted.FindAllStringSubmatch(cell, -1) {
			checked++
			word, _, _ := strings.Cut(phrase[1], "{") // a metric with a label
			word = strings.TrimPrefix(word, "--")
			known := word == "connection refused" || word == "rate_limit" // the system's, the toolkit's
			if !known && !strings.Contains(source, word) {
				t.Errorf("the program never says %q", phrase[1])
			}
		}
	}
	for line := range strings.Lines(says) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			check(cells[1])
		}
	}
	for line := range strings.Lines(limits) {
		if strings.HasPrefix(line, "|") {
			check(line)
		}
	}
	if checked < 50 {
		t.Errorf("only %d phrases were found", checked)
	}
}

// sources is the text of all Go files of the program. String literals that continue on the next line are joined.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`" ?\+\s*"`).ReplaceAllString(all.String(), "")
}
