package generate

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// MonitoringNamespace is that of <get-schema> (RFC 6022).
const MonitoringNamespace = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"

// Requester sends operations to a device. collector.Target is one.
type Requester interface {
	RPC(ctx context.Context, operation string, read func(io.Reader) error) error
	PathOperation(ctx context.Context, path string) (string, error)
}

// Device is a Source of the YANG modules that a device returns for <get-schema> (RFC 6022).
type Device struct {
	requester   Requester
	moduleNames map[string]string   // by namespace
	deviations  map[string][]string // by name of the module: the modules that deviate from it
	listed      map[string][]string // revisions by name, from the device's list of schemas; empty if it has none
	limit       int64
}

// OpenDevice reads the list of a device's schemas. moduleNames are the names of its YANG modules by namespace, deviations by name those
// that deviate from one; limit bounds the bytes of one reply. It fails if the device has no <get-schema>.
func OpenDevice(ctx context.Context, requester Requester, moduleNames map[string]string, deviations map[string][]string, limit int64) (*Device, error) {
	if _, ok := moduleNames[MonitoringNamespace]; !ok {
		return nil, errors.New("the device does not give its YANG: it does not announce ietf-netconf-monitoring (RFC 6022); " +
			"take the vendor's YANG files and name their directory with --yang-dir")
	}
	d := &Device{requester: requester, moduleNames: moduleNames, deviations: deviations, listed: map[string][]string{}, limit: limit}
	var identifier string
	err := d.request(ctx, `<get><filter type="subtree"><netconf-state xmlns="`+MonitoringNamespace+`"><schemas/></netconf-state></filter></get>`,
		func(path []string, text []byte) {
			switch value := string(bytes.TrimSpace(text)); strings.Join(path, "/") {
			case "data/netconf-state/schemas/schema/identifier":
				identifier = value
				if _, known := d.listed[identifier]; !known {
					d.listed[identifier] = nil
				}
			case "data/netconf-state/schemas/schema/version":
				d.listed[identifier] = append(d.listed[identifier], value)
			}
		}, nil)
	var refused netconf.RPCErrors
	if err != nil && !errors.As(err, &refused) { // it may have <get-schema> all the same
		return nil, fmt.Errorf("read the list of the device's schemas: %w", err)
	}
	return d, nil
}

// ModuleNames implements Source.
func (d *Device) ModuleNames() []string {
	names := map[string]bool{}
	for _, name := range d.moduleNames {
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Module implements Source.
func (d *Device) Module(ctx context.Context, name, revision string) (text, file string, err error) {
	revisions, listed := d.listed[name]
	if len(d.listed) > 0 && !listed {
		return "", "", ErrNoModule
	}
	if len(revisions) > 0 && !slices.Contains(revisions, revision) {
		revision = slices.Max(revisions)
	}
	version := ""
	if revision != "" {
		version = "<version>" + escape(revision) + "</version>"
		file = "@" + revision
	}
	var schema []byte
	err = d.request(ctx, `<get-schema xmlns="`+MonitoringNamespace+`"><identifier>`+escape(name)+"</identifier>"+version+"</get-schema>",
		func(path []string, text []byte) {
			if len(path) == 1 {
				schema = bytes.Clone(text)
			}
		}, nil)
	var refused netconf.RPCErrors
	switch {
	case errors.As(err, &refused):
		return "", "", &notGiven{fmt.Errorf("<get-schema> of %s: %w", name, err)}
	case err != nil:
		return "", "", fmt.Errorf("read the YANG of %s from the device: %w", name, err)
	case len(bytes.TrimSpace(schema)) == 0:
		return "", "", &notGiven{fmt.Errorf("<get-schema> of %s gives an empty text", name)}
	}
	return string(schema), name + file + ".yang", nil
}

// Changing implements Source. It finds modules that augment by the namespaces in the device's own data at the paths: to read the YANG of
// all its modules would take hundreds of operations.
func (d *Device) Changing(ctx context.Context, module string, paths []string) ([]string, error) {
	found := map[string]bool{}
	for _, name := range d.deviations[module] {
		found[name] = true
	}
	for _, path := range paths {
		if !strings.HasPrefix(path, "/"+module+":") {
			continue
		}
		operation, err := d.requester.PathOperation(ctx, path)
		if err != nil {
			return nil, nil // find reports what is wrong with the path
		}
		err = d.request(ctx, operation, nil, func(namespace string) {
			if name, ok := d.moduleNames[namespace]; ok && name != module {
				found[name] = true
			}
		})
		var refused netconf.RPCErrors
		if err != nil && !errors.As(err, &refused) {
			return nil, fmt.Errorf("read %s to see which modules add to it: %w", path, err)
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// request sends an operation. It calls leaf for each element without children, and namespace with the namespace of each element below
// rpc-reply and data; either may be nil. If the device answers with rpc-errors, they are the error.
func (d *Device) request(ctx context.Context, operation string, leaf func(path []string, text []byte), namespace func(string)) error {
	var refused netconf.RPCErrors
	err := d.requester.RPC(ctx, operation, func(reply io.Reader) error {
		var (
			s    xmlscan.Scanner
			path []string // below rpc-reply
			text []byte
		)
		s.Reset(&decode.BoundedReader{R: reply, Left: d.limit})
		for {
			kind, err := s.Next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			switch kind {
			case xmlscan.Start:
				if string(xmlscan.Local(s.Name())) == "rpc-error" {
					e, err := decode.ParseRPCError(&s)
					if err != nil {
						return err
					}
					if e.Severity != netconf.SevWarning {
						refused = append(refused, e)
					}
					continue
				}
				if s.Depth() == 1 {
					continue
				}
				path, text = append(path, string(xmlscan.Local(s.Name()))), text[:0]
				if uri, _ := s.Resolve(s.Name()); namespace != nil && len(path) > 1 {
					namespace(uri)
				}
			case xmlscan.Text:
				text = s.AppendText(text)
			case xmlscan.End:
				if len(path) == 0 {
					continue
				}
				if leaf != nil {
					leaf(path, text)
				}
				path, text = path[:len(path)-1], text[:0]
			}
		}
	})
	if err == nil && len(refused) > 0 {
		return refused
	}
	return err
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}
