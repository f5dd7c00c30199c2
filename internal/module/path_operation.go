package module

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// PathOperation returns a <get> for a data path in the form of RFC 7951, such as "/ietf-interfaces:interfaces-state/interface". Its
// prefixes are names of the device's YANG modules.
func PathOperation(path string, d *yang.Device) (string, error) {
	byName := map[string]string{}
	for namespace, name := range d.Names {
		byName[name] = namespace
	}
	r := Request{Operation: opGet, filter: &filterNode{}}
	ns := newNamespaces(byName)
	if err := r.filter.add(ns, path); err != nil {
		name, _, prefixed := strings.Cut(strings.TrimPrefix(path, "/"), ":")
		if _, known := byName[name]; prefixed && !known {
			return "", fmt.Errorf("the device has no YANG module %q; it has %s", name, strings.Join(slices.Sorted(maps.Keys(byName)), ", "))
		}
		return "", err
	}
	r.uris = ns.uris
	return r.XML(d, false), nil
}
