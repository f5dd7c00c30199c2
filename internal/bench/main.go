// Command bench measures what docs/performance.md shows and writes it there: it runs the Go benchmarks that the table is made
// of, which lie beside the code they measure and in internal/e2e, and puts beside each number the one to compare it with,
// measured in the same run. `make bench` runs it.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// The benchmarks, each run as often as gives a steady median in seconds.
var runs = [][]string{
	{"./collector", "-bench=Decode", "-benchtime=100x", "-count=5"},
	{"./internal/web", "-bench=Text|Compression", "-benchtime=50x", "-count=5"},
	{"./internal/e2e", "-bench=Probe", "-benchtime=40x"},
	{"./internal/e2e", "-bench=Fleet", "-benchtime=8x"},
	{"./internal/e2e", "-bench=Login", "-benchtime=60x"},
	{"./internal/e2e", "-bench=Peers", "-benchtime=20x"},
	{"./internal/e2e", "-bench=Rules", "-benchtime=5x"},
	{"./internal/e2e", "-bench=Transports$", "-benchtime=60x"},
	{"./internal/e2e", "-bench=TransportsOfMany", "-benchtime=8x"},
}

func main() {
	file := flag.String("write", "", "Markdown file whose part between the markers is replaced; none: stdout")
	flag.Parse()
	if err := run(*file); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	before := loadAverage()
	results := results{}
	var failed error
	for _, arguments := range runs {
		arguments = append([]string{"test", "-run=^$", "-benchmem", "-v", "-timeout=9m"}, arguments...)
		fmt.Fprintln(os.Stderr, "go", strings.Join(arguments, " "))
		var output bytes.Buffer
		cmd := exec.Command("go", arguments...)
		cmd.Stdout, cmd.Stderr = io.MultiWriter(&output, os.Stderr), os.Stderr
		if err := cmd.Run(); err != nil {
			failed = fmt.Errorf("go %s: %w", strings.Join(arguments, " "), err)
		}
		results.parse(output.String())
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s\n\n", machine(before))
	writeTable(&text, results)
	if file == "" {
		_, err := os.Stdout.Write(text.Bytes())
		return errors.Join(err, failed)
	}
	return errors.Join(replace(file, text.String()), failed)
}

const (
	begins = "<!-- make bench writes from here -->\n"
	ends   = "<!-- to here -->\n"
)

// replace puts text between the markers of a file.
func replace(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, found := strings.Cut(string(old), begins)
	_, tail, closed := strings.Cut(rest, ends)
	if !found || !closed {
		return fmt.Errorf("%s has no lines %q and %q to write between", file, strings.TrimSpace(begins), strings.TrimSpace(ends))
	}
	return os.WriteFile(file, []byte(head+begins+"\n"+text+"\n"+ends+tail), 0o644)
}

// machine says what was measured on, and when.
func machine(before string) string {
	model, cores := processor()
	return fmt.Sprintf("Measured on %s at revision %s, with %s: %s, %d cores, %s, %s of memory; load average %s before and %s after.",
		time.Now().UTC().Format(time.DateOnly), output("git", "describe", "--always", "--dirty"), output("go", "env", "GOVERSION"),
		model, cores, output("uname", "-sr"), memorySize(), before, loadAverage())
}

// output is what a command prints, on one line.
func output(name string, arguments ...string) string {
	out, err := exec.Command(name, arguments...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
