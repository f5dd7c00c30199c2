// Package nearest finds the names that somebody may have meant by a wrong one.
package nearest

import (
	"slices"
	"strings"
)

// Hint is the end of a message about a wrong name: "; did you mean a or b?", or otherwise if no name is near.
func Hint(name string, names []string, otherwise string) string {
	near := To(name, names)
	if len(near) == 0 {
		return otherwise
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}

// To returns at most three of the names that are similar to the one given, the most similar first. Capitals do not count.
func To(name string, names []string) []string {
	const most = 3
	name = strings.ToLower(name)
	limit := len(name) / 3            // any two names of one letter are near each other
	near := make([][]string, limit+1) // by distance
	for _, candidate := range names {
		lower := strings.ToLower(candidate)
		d := distance(name, lower, limit)
		if d > limit && len(name) > 2 && strings.Contains(lower, name) {
			d = limit
		}
		if d <= limit {
			near[d] = append(near[d], candidate)
		}
	}
	if len(near[0]) > 0 {
		return near[0][:min(most, len(near[0]))]
	}
	found := slices.Concat(near...)
	return found[:min(most, len(found))]
}

// distance is the number of letters to insert, delete or replace to get from a to b. It may stop above limit.
func distance(a, b string, limit int) int {
	if len(a) > 256 || max(len(a)-len(b), len(b)-len(a)) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
