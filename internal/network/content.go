package network

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// content is what a device tells of itself, in the models of its kind.
type content struct {
	network *Network
	device  *device
	models  []*model
	names   []string // of the models
	logins  func() int
}

func (n *Network) content(d *device, all map[string]*model) (*content, error) {
	c := &content{network: n, device: d, names: d.kind.Models}
	for _, name := range c.names {
		m := all[name]
		if m == nil {
			return nil, fmt.Errorf("scenario: device %s: no model is called %q", d.spec.Name, name)
		}
		c.models = append(c.models, m)
	}
	return c, nil
}

// NMDA implements simulator.Content.
func (c *content) NMDA() bool { return c.device.kind.NMDA }

// Modules implements simulator.Content.
func (c *content) Modules() (modules []simulator.YANGModule) {
	for _, m := range c.models {
		for _, module := range m.Modules {
			if !slices.Contains(modules, module) {
				modules = append(modules, module)
			}
		}
	}
	return modules
}

// Data implements simulator.Content.
func (c *content) Data(running bool, tops []string, now time.Time) ([]byte, error) {
	n := c.network
	n.mu.Lock()
	n.advance(now)
	c.device.rpcs++
	v := n.view(c.device, n.now)
	var failing, empty []bool
	for _, name := range c.names {
		failing = append(failing, n.faulty(c.device, "model", name))
		empty = append(empty, n.faulty(c.device, "empty", name))
	}
	v.Running = running
	if c.logins != nil {
		v.Logins = uint64(c.logins())
	}
	n.mu.Unlock()
	var b bytes.Buffer
	for i, m := range c.models {
		if len(tops) > 0 && !slices.ContainsFunc(m.Tops, func(top string) bool { return slices.Contains(tops, top) }) {
			continue
		}
		if failing[i] {
			return nil, fmt.Errorf("%s does not answer", c.names[i])
		}
		if empty[i] {
			continue
		}
		if err := m.template.Execute(&b, v); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}
