package inventory

import (
	"errors"
	"reflect"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// mostTold bounds how many wrong entries of inventories are logged.
const mostTold = 5

// Refresh puts in force what inventories list now.
func (i *Inventory) Refresh() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.apply(i.merged(i.base, i.entries))
}

// withDiscovered adds the targets that inventories list. One that is as it was before is the same *config.Target. It is called under
// the lock.
func (i *Inventory) withDiscovered(c *config.Config) *config.Config {
	if i.options.Discovered == nil || len(c.HTTPSDConfigs) == 0 {
		return c
	}
	with, errs := c.WithDiscovered(i.options.Discovered)
	now := map[string]*config.Target{}
	for n, target := range with.Targets {
		if target.Origin != config.OriginSource {
			continue
		}
		if old := i.discovered[target.Name]; old != nil && reflect.DeepEqual(*old, *target) {
			with.Targets[n], target = old, old
		}
		now[target.Name] = target
	}
	i.discovered = now
	var told error
	if len(errs) > 0 {
		told = errors.Join(errs[:min(mostTold, len(errs))]...)
	}
	text := ""
	if told != nil {
		text = told.Error()
	}
	if text != "" && text != i.problem[""] {
		i.options.Logger.Warn("targets that an inventory lists are left out", "number", len(errs), "err", told)
	}
	i.problem[""] = text
	return with
}
