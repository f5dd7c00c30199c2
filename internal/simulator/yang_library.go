package simulator

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// yangLibrary is a device's list of its YANG modules, in its hello and as data.
type yangLibrary struct {
	tree         *element
	capabilities []string
	modules      []YANGModule
}

// YANGModule is a YANG module that a device announces.
type YANGModule struct {
	Name      string `yaml:"name"`
	Revision  string `yaml:"revision"`
	Namespace string `yaml:"namespace"`
	Features  string `yaml:"features"` // separated by commas
}

// interfacesModules are the modules of devices without a Content.
func interfacesModules(form string) []YANGModule {
	revision := "2014-05-08"
	if form == FormNMDA {
		revision = "2018-02-20"
	}
	return []YANGModule{
		{"iana-if-type", "2014-05-08", nsTypes, ""},
		{"ietf-interfaces", revision, nsInterfaces, "arbitrary-names,pre-provisioning,if-mib"},
	}
}

// newYANGLibrary returns the library of RFC 7895 (modules-state) or, for NMDA, of RFC 8525 (yang-library). An NMDA server such as
// netopeer2 announces neither its YANG 1.1 modules nor NMDA in its hello, but in its library only.
func newYANGLibrary(own []YANGModule, nmda bool) *yangLibrary {
	modules := slices.Clone(own)
	if !nmda {
		modules = append(modules, YANGModule{"ietf-yang-library", "2016-06-21", nsLibrary, ""})
		id := contentID(modules)
		l := &yangLibrary{tree: modulesStateTree(modules, id), modules: modules}
		for _, m := range modules {
			l.capabilities = append(l.capabilities, m.capability())
		}
		l.capabilities = append(l.capabilities, "urn:ietf:params:netconf:capability:yang-library:1.0?revision=2016-06-21&module-set-id="+id)
		return l
	}
	modules = append(modules,
		YANGModule{"ietf-yang-library", "2019-01-04", nsLibrary, ""},
		YANGModule{"ietf-datastores", "2018-02-14", nsDatastores, ""},
		YANGModule{"ietf-netconf", "2011-06-01", nsBase, ""},
		YANGModule{"ietf-netconf-nmda", "2019-01-07", nsNMDA, ""},
	)
	id := contentID(modules)
	return &yangLibrary{
		tree:         yangLibraryTree(modules, id),
		modules:      modules,
		capabilities: []string{"urn:ietf:params:netconf:capability:yang-library:1.1?revision=2019-01-04&content-id=" + id},
	}
}

func contentID(modules []YANGModule) string {
	hash := fnv.New32a()
	fmt.Fprint(hash, modules)
	return fmt.Sprint(hash.Sum32())
}

// capability is the announcement of a YANG 1.0 module (RFC 6020 section 5.6.4).
func (m YANGModule) capability() string {
	uri := m.Namespace + "?module=" + m.Name + "&revision=" + m.Revision
	if m.Features != "" {
		uri += "&features=" + m.Features
	}
	return uri
}

// leaves are the leaves of a module in both versions of the library.
func (m YANGModule) leaves() []*element {
	leaves := []*element{leaf(nsLibrary, "name", m.Name), leaf(nsLibrary, "revision", m.Revision), leaf(nsLibrary, "namespace", m.Namespace)}
	for _, feature := range strings.FieldsFunc(m.Features, func(r rune) bool { return r == ',' }) {
		leaves = append(leaves, leaf(nsLibrary, "feature", feature))
	}
	return leaves
}

func modulesStateTree(modules []YANGModule, id string) *element {
	top := container(nsLibrary, "modules-state", leaf(nsLibrary, "module-set-id", id))
	for _, m := range modules {
		module := entry(nsLibrary, "module", append(m.leaves(), leaf(nsLibrary, "conformance-type", "implement"))...)
		module.keys = 2 // name and revision
		top.children = append(top.children, module)
	}
	return top
}

func yangLibraryTree(modules []YANGModule, id string) *element {
	set := entry(nsLibrary, "module-set", leaf(nsLibrary, "name", "complete"))
	for _, m := range modules {
		set.children = append(set.children, entry(nsLibrary, "module", m.leaves()...))
	}
	types := entry(nsLibrary, "import-only-module", YANGModule{"ietf-yang-types", "2013-07-15", "urn:ietf:params:xml:ns:yang:ietf-yang-types", ""}.leaves()...)
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
