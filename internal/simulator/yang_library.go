package simulator

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// yangLibrary is what a device tells of its YANG modules, in its hello and as data.
type yangLibrary struct {
	tree         *element
	capabilities []string
}

type yangModule struct{ name, revision, namespace, features string }

// newYANGLibrary returns the library of RFC 7895 (modules-state) or, for NMDA, of RFC 8525 (yang-library). An NMDA server such as
// netopeer2 announces neither its YANG 1.1 modules nor NMDA itself: whoever wants to know must read the library.
func newYANGLibrary(form string) *yangLibrary {
	modules := []yangModule{
		{"iana-if-type", "2014-05-08", nsTypes, ""},
		{"ietf-interfaces", "2014-05-08", nsInterfaces, "arbitrary-names,pre-provisioning,if-mib"},
		{"ietf-yang-library", "2016-06-21", nsLibrary, ""},
	}
	if form == FormState {
		id := contentID(modules)
		l := &yangLibrary{tree: modulesStateTree(modules, id)}
		for _, m := range modules {
			l.capabilities = append(l.capabilities, m.capability())
		}
		l.capabilities = append(l.capabilities, "urn:ietf:params:netconf:capability:yang-library:1.0?revision=2016-06-21&module-set-id="+id)
		return l
	}
	modules[1].revision, modules[2].revision = "2018-02-20", "2019-01-04"
	modules = append(modules,
		yangModule{"ietf-datastores", "2018-02-14", nsDatastores, ""},
		yangModule{"ietf-netconf", "2011-06-01", nsBase, ""},
		yangModule{"ietf-netconf-nmda", "2019-01-07", nsNMDA, ""},
	)
	id := contentID(modules)
	return &yangLibrary{
		tree:         yangLibraryTree(modules, id),
		capabilities: []string{"urn:ietf:params:netconf:capability:yang-library:1.1?revision=2019-01-04&content-id=" + id},
	}
}

func contentID(modules []yangModule) string {
	hash := fnv.New32a()
	fmt.Fprint(hash, modules)
	return fmt.Sprint(hash.Sum32())
}

// capability is the announcement of a YANG 1.0 module (RFC 6020 section 5.6.4).
func (m yangModule) capability() string {
	uri := m.namespace + "?module=" + m.name + "&revision=" + m.revision
	if m.features != "" {
		uri += "&features=" + m.features
	}
	return uri
}

// leaves are those that a module has in both libraries.
func (m yangModule) leaves() []*element {
	leaves := []*element{leaf(nsLibrary, "name", m.name), leaf(nsLibrary, "revision", m.revision), leaf(nsLibrary, "namespace", m.namespace)}
	for _, feature := range strings.FieldsFunc(m.features, func(r rune) bool { return r == ',' }) {
		leaves = append(leaves, leaf(nsLibrary, "feature", feature))
	}
	return leaves
}

func modulesStateTree(modules []yangModule, id string) *element {
	top := container(nsLibrary, "modules-state", leaf(nsLibrary, "module-set-id", id))
	for _, m := range modules {
		module := entry(nsLibrary, "module", append(m.leaves(), leaf(nsLibrary, "conformance-type", "implement"))...)
		module.keys = 2 // name and revision
		top.children = append(top.children, module)
	}
	return top
}

func yangLibraryTree(modules []yangModule, id string) *element {
	set := entry(nsLibrary, "module-set", leaf(nsLibrary, "name", "complete"))
	for _, m := range modules {
		set.children = append(set.children, entry(nsLibrary, "module", m.leaves()...))
	}
	types := entry(nsLibrary, "import-only-module", yangModule{"ietf-yang-types", "2013-07-15", "urn:ietf:params:xml:ns:yang:ietf-yang-types", ""}.leaves()...)
	types.keys = 2
	set.children = append(set.children, types)
	top := container(nsLibrary, "yang-library", set,
		entry(nsLibrary, "schema", leaf(nsLibrary, "name", "complete"), leaf(nsLibrary, "module-set", "complete")))
	for _, name := range []string{"running", "operational"} {
		identity := leaf(nsLibrary, "name", "ds:"+name)
		identity.declare = ` xmlns:ds="` + nsDatastores + `"`
		top.children = append(top.children, entry(nsLibrary, "datastore", identity, leaf(nsLibrary, "schema", "complete")))
	}
	top.children = append(top.children, leaf(nsLibrary, "content-id", id))
	return top
}
