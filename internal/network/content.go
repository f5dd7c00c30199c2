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

// Capabilities implements simulator.Content.
func (c *content) Capabilities() (all []string) {
	for _, m := range c.models {
		all = append(all, m.Capabilities...)
	}
	return all
}

// Data implements simulator.Content.
func (c *content) Data(running bool, tops []string, now time.Time) ([]byte, error) {
	v := c.view(now)
	v.Running = running
	var b bytes.Buffer
	for i, m := range c.models {
		if len(tops) > 0 && !slices.ContainsFunc(m.Tops, func(top string) bool { return slices.Contains(tops, top) }) {
			continue
		}
		if err := v.execute(&b, m.template.Name(), i); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// Operation implements simulator.Content.
func (c *content) Operation(name string, now time.Time) (reply []byte, known bool, err error) {
	i := slices.IndexFunc(c.models, func(m *model) bool { return slices.Contains(m.Operations, name) })
	if i < 0 {
		return nil, false, nil
	}
	var b bytes.Buffer
	err = c.view(now).execute(&b, name, i)
	return b.Bytes(), true, err
}

// answerView is a device as one request finds it, and what is wrong with its models.
type answerView struct {
	*View
	content        *content
	failing, empty []bool
}

// view shows the device to one request.
func (c *content) view(now time.Time) answerView {
	n := c.network
	n.mu.Lock()
	defer n.mu.Unlock()
	n.advance(now)
	c.device.rpcs++
	v := answerView{View: n.view(c.device, n.now), content: c}
	if c.logins != nil {
		v.Logins = uint64(c.logins())
	}
	for _, name := range c.names {
		v.failing = append(v.failing, n.faulty(c.device, "model", name))
		v.empty = append(v.empty, n.faulty(c.device, "empty", name))
	}
	return v
}

// execute writes what one of the device's models says.
func (v answerView) execute(b *bytes.Buffer, template string, model int) error {
	if v.failing[model] {
		return fmt.Errorf("%s does not answer", v.content.names[model])
	}
	if v.empty[model] {
		return nil
	}
	return v.content.models[model].template.ExecuteTemplate(b, template, v.View)
}
