package collector

import (
	"fmt"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
)

// filters are those of a configuration, compiled. Targets that have none of their own share those of the defaults.
type filters map[*config.Filter][]decode.Filter // by the first of them

func compileFilters(c *config.Config) (filters, error) {
	all := filters{}
	add := func(some []config.Filter) error {
		if len(some) == 0 || all[&some[0]] != nil {
			return nil
		}
		compiled := make([]decode.Filter, 0, len(some))
		for _, f := range some {
			pattern, err := f.Pattern()
			if err != nil {
				return fmt.Errorf("filter of the label %s: %w", f.Label, err)
			}
			compiled = append(compiled, decode.Filter{Label: f.Label, Pattern: pattern, Keep: f.Action == config.ActionKeep})
		}
		all[&some[0]] = compiled
		return nil
	}
	err := add(c.Defaults.Filters)
	for _, target := range c.Targets {
		if err == nil {
			err = add(target.Filters)
		}
	}
	return all, err
}

// filters are those of the target.
func (s *settings) filters() []decode.Filter {
	if own := s.config.Filters; len(own) > 0 {
		return s.snapshot.filters[&own[0]]
	}
	return nil
}
