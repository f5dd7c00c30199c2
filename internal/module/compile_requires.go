package module

import (
	"slices"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/glob"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// requirements compiles what the module requires. If it does not say, these are the namespaces of its requests.
func (c *compiler) requirements() {
	for i, text := range c.source.Requires {
		r := yang.Requirement{Text: text}
		prefix, revision, dated := strings.Cut(text, "@>=")
		index, known := c.ns.prefixes[prefix]
		switch {
		case text == ":nmda":
			r.NMDA = true
		case known:
			r.URI, r.Revision = c.ns.uris[index], revision
			if _, err := time.Parse(time.DateOnly, revision); dated && err != nil {
				c.fail([]any{"requires", i}, "%q is not a revision date, such as 2018-02-20", revision)
			}
		case strings.HasPrefix(text, ":") && len(text) > 1:
			r.URI = yang.CapabilityPrefix + text[1:]
		case strings.Contains(text, ":") && !dated:
			r.URI = text
		default:
			c.fail([]any{"requires", i}, "%q is neither a prefix under namespaces (with @>=REVISION if need be), nor :nmda, nor a capability URI", text)
		}
		c.module.requires = append(c.module.requires, r)
	}
	if c.source.Requires != nil {
		return
	}
	for _, r := range c.module.Requests {
		for _, n := range r.filter.children {
			uri := c.ns.uris[n.ns]
			if uri != "*" && !slices.ContainsFunc(c.module.requires, func(r yang.Requirement) bool { return r.URI == uri }) {
				c.module.requires = append(c.module.requires, yang.Requirement{Text: uri, URI: uri})
			}
		}
	}
}

// Fits reports whether the device has what the module requires, and the reason in words.
func (m *Module) Fits(d *yang.Device) (bool, string) { return d.Meets(m.requires) }

// Announceable reports whether a device's announcements tell whether it has what the module reads.
func (m *Module) Announceable() bool { return len(m.requires) > 0 }

// NamespacesOn lists the namespaces of the device that the module's paths use.
func (m *Module) NamespacesOn(d *yang.Device) (found []string) {
	for namespace := range d.Revisions {
		if slices.ContainsFunc(m.namespaces, func(uri string) bool { return uri != "*" && glob.Match(uri, namespace) }) {
			found = append(found, namespace)
		}
	}
	return found
}
