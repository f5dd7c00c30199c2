package docs

import (
	"slices"
	"strings"
)

// support is how far a platform gives a group of metrics; more is better.
type support int

const (
	lacking  support = iota
	untested         // by the published models, or as clients use it
	tested           // a recorded reply of a real device is part of the tests
)

// sign is a cell of the matrix.
func (s support) sign() string { return []string{"", "untested", "**yes**"}[s] }

// matrix writes which platform gives which group of metrics.
func (d *document) matrix(l *layout, sources map[string][]source, recorded Recorded) error {
	d.line("## Support\n")
	d.line("**yes**: tested with recorded replies of real devices. untested: as the published models say, or as other clients read it. Devices give the")
	d.line("metrics of OpenConfig and of the IETF if they announce those models, beside or in place of their own.\n")
	titles := []string{""}
	for _, p := range l.Platforms {
		titles = append(titles, p.Title)
	}
	d.line("| %s |", strings.Join(titles, " | "))
	d.line("|%s", strings.Repeat("---|", len(titles)))
	for _, g := range l.Groups {
		cells := slices.Repeat([]support{lacking}, len(l.Platforms))
		for _, metric := range g.names {
			for _, s := range sources[metric] {
				i, err := l.platformOf(s.module)
				if err != nil {
					return err
				}
				given := untested
				if slices.Contains(recorded[s.module], metric) {
					given = tested
				}
				cells[i] = max(cells[i], given)
			}
		}
		row := []string{"[" + g.Title + "](#" + anchor(g.Title) + ")"}
		for _, c := range cells {
			row = append(row, c.sign())
		}
		d.line("| %s |", strings.Join(row, " | "))
	}
	d.line("")
	return nil
}

// anchor is how a heading is linked to.
func anchor(title string) string { return strings.ReplaceAll(strings.ToLower(title), " ", "-") }
