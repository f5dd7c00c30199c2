package restconf

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// maxSchemas is how many addresses of YANG modules and submodules are kept.
const maxSchemas = 20_000

// schemaName names the text of a YANG module or submodule.
type schemaName struct{ name, revision string }

// schema makes get-schema (RFC 6022) a request for the address that the YANG library gives of a module (RFC 8525: location; RFC 7895:
// schema).
func (c *Client) schema(ctx context.Context, trace *session.Trace, o *operation) ([]part, error) {
	if c.device.schemas == nil {
		if err := c.readSchemas(ctx, trace); err != nil {
			return nil, err
		}
	}
	address, known := c.device.schemas[schemaName{o.schema, o.revision}]
	if !known && o.revision == "" {
		revision := ""
		for name, at := range c.device.schemas {
			if name.name == o.schema && name.revision >= revision {
				address, revision = at, name.revision
			}
		}
	}
	if address == "" {
		return nil, unmappable("the device's YANG library has no address for the text of YANG module %s %s; take the vendor's YANG files", o.schema, o.revision)
	}
	at, err := c.origin().Parse(address)
	if err != nil || !sameOrigin(at, c.origin()) {
		return nil, unmappable("the text of YANG module %s is at %s, which is not on the device; fetch it from there", o.schema, bound(address))
	}
	return []part{{forms: []form{{isText: true, request: request{path: at.EscapedPath(), query: at.RawQuery, accept: "application/yang, text/plain, */*;q=0.5"}}}}}, nil
}

// readSchemas reads where the device has its YANG modules.
func (c *Client) readSchemas(ctx context.Context, trace *session.Trace) error {
	c.device.schemas = map[schemaName]string{}
	path := libraryPath
	if strings.HasPrefix(c.device.idPath, oldLibraryPath) {
		path = oldLibraryPath
	}
	a, err := c.send(ctx, trace, request{path: path})
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		_, _ = a.errors() // without addresses, each module says that it has none
		return nil
	}
	left := int64(*c.options.Target.MaxReplyBytes)
	a.left = &left
	if err = a.checkXML(); err == nil {
		err = parseSchemas(a, c.device.schemas)
	}
	a.end(err)
	return err
}

// parseSchemas collects the addresses of a YANG library, of submodules too.
func parseSchemas(library io.Reader, into map[schemaName]string) error {
	type entry struct{ name, revision, address string }
	var (
		s    xmlscan.Scanner
		open []entry // those of the open modules and submodules
		text []byte
	)
	s.Reset(library)
	for {
		kind, err := s.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		local := string(xmlscan.Local(s.Name()))
		isEntry := local == "module" || local == "submodule" || local == "import-only-module"
		switch kind {
		case xmlscan.Start:
			if text = text[:0]; isEntry {
				open = append(open, entry{})
			}
		case xmlscan.Text:
			if text = s.AppendText(text); len(text) > 4<<10 {
				return errors.New("the YANG library has a leaf of more than 4 KiB")
			}
		case xmlscan.End:
			if len(open) == 0 {
				break
			}
			at := &open[len(open)-1]
			switch value := strings.TrimSpace(string(text)); local {
			case "name":
				at.name = value
			case "revision":
				at.revision = value
			case "location", "schema":
				if u, err := url.Parse(value); at.address == "" && err == nil && (u.Scheme == "https" || u.Scheme == "http" || u.Scheme == "") {
					at.address = value
				}
			}
			if text = text[:0]; isEntry {
				if at.address != "" && len(into) < maxSchemas {
					into[schemaName{at.name, at.revision}] = at.address
				}
				open = open[:len(open)-1]
			}
		}
	}
}
