// Package yang describes a device: its capabilities, its YANG modules and its datastores, from its hello and its YANG library.
package yang

import (
	"net/url"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/glob"
)

const (
	// NMDANamespace is that of get-data (RFC 8526).
	NMDANamespace = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda"
	// CapabilityPrefix begins the URI of each capability of the IETF; ":candidate" is short for one.
	CapabilityPrefix = "urn:ietf:params:netconf:capability:"

	operational = "operational"
)

// Device is what a device has, from its hello and, if it has one, from its YANG library. The hello is not enough: servers leave
// modules of YANG 1.1 out of it (RFC 7950, section 5.6.4).
type Device struct {
	Capabilities []string
	// Revisions maps the namespace of each YANG module that the device has to its revision, "" if unknown.
	Revisions map[string]string
	// Names maps the same namespaces to the names of the modules, if known.
	Names map[string]string
	// Deviations maps the same namespaces to the names of the modules that deviate from the module (RFC 7950, section 5.6.3).
	Deviations map[string][]string
	// Datastores are those that the YANG library lists (RFC 8525); nil without one.
	Datastores []string

	complete bool // all modules are known, by a YANG library
}

// NewDevice combines a hello's capabilities with the device's YANG library, which may be nil.
func NewDevice(capabilities []string, library *Library) *Device {
	d := &Device{Capabilities: capabilities, Revisions: map[string]string{}, Names: map[string]string{}, Deviations: map[string][]string{}}
	for _, c := range capabilities {
		namespace, parameters := splitCapability(c)
		deviations := strings.FieldsFunc(parameters.Get("deviations"), func(r rune) bool { return r == ',' || r == ' ' })
		d.add(namespace, parameters.Get("module"), parameters.Get("revision"), deviations)
	}
	if library != nil {
		d.Datastores, d.complete = library.Datastores, true
		for _, m := range library.Modules {
			d.add(m.Namespace, m.Name, m.Revision, m.Deviations)
		}
	}
	return d
}

// Size is about how many bytes it takes in memory, with the library that it was made of.
func (d *Device) Size() (size int64) {
	const entry = 96 // of a map or a slice, without the text
	for _, c := range d.Capabilities {
		size += entry + int64(len(c))
	}
	for namespace, names := range d.Deviations {
		size += entry + int64(len(namespace))
		for _, name := range names {
			size += entry + int64(len(name))
		}
	}
	for namespace, revision := range d.Revisions {
		size += 3*entry + int64(len(namespace)+len(revision)+len(d.Names[namespace]))
	}
	return size
}

func (d *Device) add(namespace, name, revision string, deviations []string) {
	if old, ok := d.Revisions[namespace]; !ok || revision > old {
		d.Revisions[namespace] = revision
	}
	if name != "" {
		d.Names[namespace] = name
	}
	if len(deviations) > 0 {
		d.Deviations[namespace] = deviations
	}
}

// NMDA reports whether the device has an operational datastore to read (RFC 8342; RFC 8526).
func (d *Device) NMDA() bool {
	_, ok := d.Revisions[NMDANamespace]
	return ok && (d.Datastores == nil || slices.Contains(d.Datastores, operational))
}

// Lacks reports whether the device is known not to have the module of a namespace.
func (d *Device) Lacks(uri string) bool {
	_, has := d.announces(uri)
	return d.complete && !has
}

// Resolve returns the namespace of the device that matches a pattern, and uri itself if it is none. It returns "" if the device has no
// such namespace; in a filter that selects any (RFC 6241, section 6.2.1).
func (d *Device) Resolve(uri string) (best string) {
	if !glob.IsPattern(uri) {
		return uri
	}
	for namespace := range d.Revisions {
		if uri != "*" && glob.Match(uri, namespace) {
			best = max(best, namespace)
		}
	}
	return best
}

// splitCapability splits the URI of a capability into the namespace and the parameters of a YANG module (RFC 6020, section 5.6.4). A
// namespace may itself hold a "?": parameters begin at the first one that a module has.
func splitCapability(capability string) (namespace string, parameters url.Values) {
	at := strings.IndexByte(capability, '?')
	for i := at; i >= 0 && i < len(capability); i++ {
		if c := capability[i]; (c == '?' || c == '&') && isModuleParameter(capability[i+1:]) {
			at = i
			break
		}
	}
	if at < 0 {
		return capability, nil
	}
	parameters, _ = url.ParseQuery(capability[at+1:]) // parameters that do not parse are ignored
	return capability[:at], parameters
}

func isModuleParameter(text string) bool {
	name, _, _ := strings.Cut(text, "=")
	return slices.Contains([]string{"module", "revision", "features", "deviations"}, name)
}

// announces reports whether the device has a namespace or capability, and its latest revision. Parameters are ignored, unless uri has
// some: then the capability has to have them all.
func (d *Device) announces(uri string) (revision string, ok bool) {
	if revision, ok := d.Revisions[uri]; ok {
		return revision, true
	}
	if _, _, parameters := strings.Cut(uri, "?"); parameters {
		return "", slices.ContainsFunc(d.Capabilities, func(c string) bool { return hasParameters(c, uri) })
	}
	for namespace, r := range d.Revisions {
		if glob.Match(uri, namespace) || strings.HasPrefix(uri, CapabilityPrefix) && strings.HasPrefix(namespace, uri+":") {
			revision, ok = max(revision, r), true
		}
	}
	return revision, ok
}

func hasParameters(capability, wanted string) bool {
	has, parameters, _ := strings.Cut(capability, "?")
	wants, required, _ := strings.Cut(wanted, "?")
	given := strings.Split(parameters, "&")
	return glob.Match(wants, has) && !slices.ContainsFunc(strings.Split(required, "&"), func(p string) bool { return !slices.Contains(given, p) })
}
