package main

import (
	"slices"
	"strconv"
	"strings"
)

// results are the numbers of each benchmark by unit, and why benchmarks that were skipped have none.
type results map[string]*result

type result struct {
	values  map[string][]float64 // by unit, one for each time that it was run
	skipped string
}

// parse takes what `go test -bench -v` prints.
func (r results) parse(output string) {
	var skipped *result
	for line := range strings.Lines(output) {
		words := strings.Fields(line)
		switch {
		case skipped != nil && strings.HasPrefix(line, "    "):
			_, why, _ := strings.Cut(line, ": ")
			skipped.skipped = strings.TrimSpace(why)
			skipped = nil
		case len(words) == 3 && (words[1] == "SKIP:" || words[1] == "FAIL:"):
			skipped = r.of(words[2])
			skipped.skipped = "it failed"
		case len(words) >= 4 && strings.HasPrefix(words[0], "Benchmark"):
			of := r.of(words[0])
			for i := 2; i+1 < len(words); i += 2 {
				if value, err := strconv.ParseFloat(words[i], 64); err == nil {
					of.values[words[i+1]] = append(of.values[words[i+1]], value)
				}
			}
		}
	}
}

// of is the result of a benchmark, whose name may carry the number of processors.
func (r results) of(name string) *result {
	if at := strings.LastIndexByte(name, '-'); at > 0 {
		if _, err := strconv.Atoi(name[at+1:]); err == nil && !strings.HasSuffix(name[:at], "=") {
			name = name[:at]
		}
	}
	name = strings.TrimPrefix(name, "Benchmark")
	if r[name] == nil {
		r[name] = &result{values: map[string][]float64{}}
	}
	return r[name]
}

// value is a median; false where there is none.
func (r results) value(name, unit string) (float64, bool) {
	if r[name] == nil || len(r[name].values[unit]) == 0 {
		return 0, false
	}
	values := slices.Sorted(slices.Values(r[name].values[unit]))
	return values[len(values)/2], true
}

// why says what kept a benchmark, or one that it is part of, from being measured.
func (r results) why(name string) string {
	for ; name != ""; name = name[:max(0, strings.LastIndexByte(name, '/'))] {
		if of := r[name]; of != nil && of.skipped != "" {
			return of.skipped
		}
	}
	return "not measured"
}
