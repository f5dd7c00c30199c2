package yang

import (
	"errors"
	"io"
	"net/url"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// Library is a device's YANG library: RFC 8525 (:1.1, with datastores) or RFC 7895 (:1.0).
type Library struct {
	Modules    []Module
	Datastores []string // names without their prefixes; nil for :1.0
}

// Module is a YANG module that the device implements.
type Module struct {
	Name, Revision, Namespace string
	Deviations                []string // names of the modules that deviate from it
}

// Bounds of a library. Large routers have 1,500 modules.
const (
	maxModules    = 10_000
	maxText       = 1 << 10 // octets of one leaf; a module with a longer one is left out
	maxDeviations = 64      // modules that deviate from one
)

// ErrTooMany is returned for a library of more modules than any device has.
var ErrTooMany = errors.New("the YANG library has more than 10,000 modules")

const libraryNamespace = "urn:ietf:params:xml:ns:yang:ietf-yang-library"

// LibraryOperation returns the operation that reads a device's YANG library, "" if it has none, and the library's content identifier
// from the hello, "" if it gives none. The identifier changes when the library does.
func LibraryOperation(capabilities []string) (operation, contentID string) {
	for _, c := range capabilities {
		name, query, _ := strings.Cut(c, "?")
		parameters, _ := url.ParseQuery(query)
		switch name {
		case CapabilityPrefix + "yang-library:1.1": // RFC 8525, section 2
			return `<get><filter type="subtree"><yang-library xmlns="` + libraryNamespace + `"><module-set><name/><module><name/><revision/><namespace/><deviation/></module></module-set>` +
				`<datastore><name/></datastore></yang-library></filter></get>`, parameters.Get("content-id")
		case CapabilityPrefix + "yang-library:1.0": // RFC 7950, section 5.6.4
			operation = `<get><filter type="subtree"><modules-state xmlns="` + libraryNamespace + `"><module><name/><revision/><namespace/><deviation><name/></deviation><conformance-type/></module></modules-state></filter></get>`
			contentID = parameters.Get("module-set-id")
		}
	}
	return operation, contentID
}

// ParseLibrary parses the reply to LibraryOperation. It returns nil without an error if the reply holds no library.
func ParseLibrary(r io.Reader) (*Library, error) {
	var (
		s    xmlscan.Scanner
		l    Library
		path []string
		text []byte
		now  Module

		imported bool // it is only imported by others, and not implemented
		tooLong  bool // one of its leaves is
	)
	s.Reset(r)
	for {
		kind, err := s.Next()
		if err == io.EOF {
			if len(l.Modules) == 0 {
				return nil, nil
			}
			return &l, nil
		}
		if err != nil {
			return nil, err
		}
		switch kind {
		case xmlscan.Start:
			path = append(path, string(xmlscan.Local(s.Name())))
			if path[len(path)-1] == "module" {
				now, imported, tooLong = Module{}, false, false
			}
			text = text[:0]
		case xmlscan.Text:
			if len(text) <= maxText {
				text = s.AppendText(text)
				tooLong = tooLong || len(text) > maxText
			}
		case xmlscan.End:
			value := strings.TrimSpace(string(text))
			text = text[:0]
			switch parent := path[max(0, len(path)-2)]; parent + "/" + path[len(path)-1] {
			case "module/name":
				now.Name = value
			case "module/revision":
				now.Revision = value
			case "module/namespace":
				now.Namespace = value
			case "module/conformance-type": // RFC 7895; RFC 8525 lists these apart
				imported = value == "import"
			case "module-set/module", "modules-state/module":
				if now.Namespace == "" || imported || tooLong {
					break
				}
				if len(l.Modules) >= maxModules {
					return nil, ErrTooMany
				}
				l.Modules = append(l.Modules, now)
			case "module/deviation", "deviation/name": // RFC 8525; RFC 7895
				if value != "" && len(now.Deviations) < maxDeviations {
					now.Deviations = append(now.Deviations, value)
				}
			case "datastore/name":
				if len(l.Datastores) >= maxModules || len(value) > maxText {
					break
				}
				l.Datastores = append(l.Datastores, value[strings.LastIndexByte(value, ':')+1:])
			}
			path = path[:len(path)-1]
		}
	}
}
