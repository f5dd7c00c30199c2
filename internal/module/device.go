package module

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	nmdaNamespace       = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda"
	operational         = "operational"
	capabilityShorthand = "urn:ietf:params:netconf:capability:"
)

// Device is what is known of a device's models: from its hello, and from its YANG library where it has one. Servers leave
// YANG 1.1 modules out of the hello (RFC 7950, section 5.6.4), so the hello alone is not enough.
type Device struct {
	Capabilities []string
	// Revisions maps the namespace of each model that the device has to its revision, "" where unknown.
	Revisions map[string]string
	// Models are the names of those models by namespace.
	Models map[string]string
	// Datastores are those that the YANG library lists (RFC 8525); nil without one.
	Datastores []string

	complete bool // the device has told all its models, in a YANG library
}

// NewDevice combines a hello's capabilities with the device's YANG library, which may be nil.
func NewDevice(capabilities []string, library *Library) *Device {
	d := &Device{Capabilities: capabilities, Revisions: map[string]string{}, Models: map[string]string{}}
	for _, c := range capabilities {
		namespace, query, _ := strings.Cut(c, "?")
		parameters, _ := url.ParseQuery(query) // what does not parse is left out
		d.add(namespace, parameters.Get("module"), parameters.Get("revision"))
	}
	if library != nil {
		d.Datastores, d.complete = library.Datastores, true
		for _, m := range library.Modules {
			d.add(m.Namespace, m.Name, m.Revision)
		}
	}
	return d
}

func (d *Device) add(namespace, name, revision string) {
	if old, ok := d.Revisions[namespace]; !ok || revision > old {
		d.Revisions[namespace] = revision
	}
	if name != "" {
		d.Models[namespace] = name
	}
}

// NMDA reports whether the device has an operational datastore to read (RFC 8342; RFC 8526).
func (d *Device) NMDA() bool {
	_, model := d.Revisions[nmdaNamespace]
	return model && (d.Datastores == nil || slices.Contains(d.Datastores, operational))
}

// lacks reports whether the device is known not to have a model.
func (d *Device) lacks(uri string) bool {
	_, has := d.announces(uri)
	return d.complete && !has
}

// resolve gives the device's own namespace for one that a module describes by a pattern: "", which selects any (RFC 6241,
// section 6.2.1), where the device has none.
func (d *Device) resolve(uri string) (best string) {
	if !isPattern(uri) {
		return uri
	}
	for namespace := range d.Revisions {
		if uri != "*" && globMatch(uri, namespace) {
			best = max(best, namespace)
		}
	}
	return best
}

// requirement is something that a device must announce for a module to fit.
type requirement struct {
	text     string
	uri      string // namespace or capability, possibly a pattern
	revision string // earliest that will do
	nmda     bool
}

// requirements compiles what the module requires; without a word about it, the namespaces that its reads name.
func (c *compiler) requirements() {
	for i, text := range c.source.Requires {
		r := requirement{text: text}
		prefix, revision, dated := strings.Cut(text, "@>=")
		index, known := c.ns.prefixes[prefix]
		switch {
		case text == ":nmda":
			r.nmda = true
		case known:
			r.uri, r.revision = c.ns.uris[index], revision
			if _, err := time.Parse(time.DateOnly, revision); dated && err != nil {
				c.fail([]any{"requires", i}, "%q is not a revision date, such as 2018-02-20", revision)
			}
		case strings.HasPrefix(text, ":") && len(text) > 1:
			r.uri = capabilityShorthand + text[1:]
		case strings.Contains(text, ":") && !dated:
			r.uri = text
		default:
			c.fail([]any{"requires", i}, "%q is neither a prefix under namespaces (with @>=REVISION if need be), nor :nmda, nor a capability URI", text)
		}
		c.module.requires = append(c.module.requires, r)
	}
	if c.source.Requires != nil {
		return
	}
	for _, read := range c.module.Reads {
		for _, n := range read.filter.children {
			uri := c.ns.uris[n.ns]
			if uri != "*" && !slices.ContainsFunc(c.module.requires, func(r requirement) bool { return r.uri == uri }) {
				c.module.requires = append(c.module.requires, requirement{text: uri, uri: uri})
			}
		}
	}
}

// Fits reports whether the device has what the module requires, and if not, what is missing.
func (m *Module) Fits(d *Device) (bool, string) {
	if len(m.requires) == 0 {
		return false, "it names nothing that a device would announce; list it under modules to use it"
	}
	for _, r := range m.requires {
		if r.nmda {
			if !d.NMDA() {
				return false, "the device has no operational datastore (NMDA)"
			}
			continue
		}
		revision, ok := d.announces(r.uri)
		if !ok {
			return false, fmt.Sprintf("the device does not announce %s", r.uri)
		}
		if revision < r.revision {
			return false, fmt.Sprintf("the device has %s at revision %q, %s or later is needed", r.uri, revision, r.revision)
		}
	}
	return true, "the device announces " + m.requirementTexts()
}

func (m *Module) requirementTexts() string {
	var texts []string
	for _, r := range m.requires {
		text := cmp.Or(r.uri, r.text)
		if r.revision != "" {
			text += " of " + r.revision + " or later"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// announces finds a namespace or capability, its parameters apart, and gives its latest revision. A capability with parameters
// is one that has them all.
func (d *Device) announces(uri string) (revision string, ok bool) {
	if _, _, parameters := strings.Cut(uri, "?"); parameters {
		return "", slices.ContainsFunc(d.Capabilities, func(c string) bool { return hasParameters(c, uri) })
	}
	for namespace, r := range d.Revisions {
		if globMatch(uri, namespace) || strings.HasPrefix(uri, capabilityShorthand) && strings.HasPrefix(namespace, uri+":") {
			revision, ok = max(revision, r), true
		}
	}
	return revision, ok
}

func hasParameters(capability, wanted string) bool {
	has, parameters, _ := strings.Cut(capability, "?")
	wants, required, _ := strings.Cut(wanted, "?")
	given := strings.Split(parameters, "&")
	return globMatch(wants, has) && !slices.ContainsFunc(strings.Split(required, "&"), func(p string) bool { return !slices.Contains(given, p) })
}

// NamespacesOn lists the device's namespaces that the module's paths are in.
func (m *Module) NamespacesOn(d *Device) (found []string) {
	for namespace := range d.Revisions {
		if slices.ContainsFunc(m.namespaces, func(uri string) bool { return uri != "*" && globMatch(uri, namespace) }) {
			found = append(found, namespace)
		}
	}
	return found
}
