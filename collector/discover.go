package collector

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/restconf"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// Discovery is what a device has and what becomes of it.
type Discovery struct {
	Capabilities []string // of the hello
	NMDA         bool     // it announces an operational datastore to read (RFC 8342)
	NoGetData    bool     // it announces that and refuses get-data
	Note         string   // what is odd about a device that answers without data; "" if nothing is
	NoLibrary    bool     // it has a YANG library, and gives nothing of it to this user
	Models       []Model  // sorted by name
	Modules      []Fit    // all modules there are, sorted by what they provide and by preference
}

// Model is a YANG model of the device.
type Model struct {
	Name, Namespace, Revision string
	Deviations                []string // names of the models that deviate from it
	Modules                   []string // ours that read it and fit the device
}

// Fit says whether a module fits the device, and why.
type Fit struct {
	Name, Provides string
	Fits, Chosen   bool // Chosen: auto reads it
	Named          bool // the configuration of the target names it
	Untested       bool // no recorded reply of a real device is part of its tests
	Why            string
	PassedOver     string // why auto does not read it although it fits; "" if it does, or does not fit
}

// Discover logs in, learns what the device has and reads it once by auto, so as to know which modules give rows.
func (t *Target) Discover(ctx context.Context) (*Discovery, error) {
	o := t.scrape(ctx, []string{auto}, nil)
	if !o.up {
		return nil, o.err
	}
	chosen := map[string]bool{}
	for _, m := range t.modules([]string{auto}) {
		chosen[moduleName(m.Name)] = true
	}
	d := t.plan.known()
	found := t.discovery(d.Device, chosen)
	found.Note = o.note()
	for i := range found.Modules {
		t.tellChoice(&found.Modules[i], found.Modules, o.results)
	}
	operation, _ := yang.LibraryOperation(d.Capabilities)
	// Over RESTCONF each device has a library (RFC 8040, section 10).
	found.NoGetData, found.NoLibrary = d.noGetData, d.library == nil && (operation != "" || t.Config().Over() == config.TransportRESTCONF)
	return found, nil
}

// tellChoice says why auto passes over a module that fits, and of one that it reads what is wrong with it.
func (t *Target) tellChoice(f *Fit, all []Fit, results []*result) {
	s := t.settings.Load()
	var got *result
	if i := slices.IndexFunc(results, func(r *result) bool { return r.module == f.Name }); i >= 0 {
		got = results[i]
	}
	empty := got != nil && got.err == nil && got.Samples == 0 || t.plan.isEmpty(s.modules.ids[f.Name])
	switch {
	case f.Chosen && got != nil && got.err != nil:
		f.Why += "; it failed: " + got.err.Error()
	case f.Chosen && empty:
		f.Why += "; it gives no rows"
	case f.Chosen || !f.Fits:
	case empty:
		f.PassedOver = "it gave no rows"
	default:
		f.PassedOver = "another module gives the same"
		for _, other := range all {
			if other.Chosen && other.Provides == f.Provides {
				f.PassedOver = other.Name + " gives " + f.Provides + " too, and comes first"
			}
		}
	}
}

// discovery says what is known of a device, and which modules auto reads.
func (t *Target) discovery(d *yang.Device, chosen map[string]bool) *Discovery {
	modules := t.settings.Load().modules
	found := &Discovery{Capabilities: d.Capabilities, NMDA: d.NMDA()}
	readers := map[string][]string{} // by namespace
	for _, m := range modules.byName {
		fits, why := m.Fits(d)
		found.Modules = append(found.Modules, Fit{
			Name: m.Name, Provides: m.Provides, Fits: fits, Chosen: chosen[m.Name], Untested: m.Untested, Why: why,
			Named: slices.Contains(t.Config().Modules, m.Name),
		})
		if fits && t.Config().Over() == config.TransportRESTCONF {
			found.Modules[len(found.Modules)-1].Why += unmapped(m, d)
		}
		if fits {
			for _, namespace := range m.NamespacesOn(d) {
				readers[namespace] = append(readers[namespace], m.Name)
			}
		}
	}
	slices.SortFunc(found.Modules, func(a, b Fit) int {
		return cmp.Or(cmp.Compare(a.Provides, b.Provides),
			cmp.Compare(modules.byName[b.Name].Preference, modules.byName[a.Name].Preference), cmp.Compare(a.Name, b.Name))
	})
	for namespace, name := range d.Names {
		slices.Sort(readers[namespace])
		found.Models = append(found.Models, Model{name, namespace, d.Revisions[namespace], d.Deviations[namespace], readers[namespace]})
	}
	slices.SortFunc(found.Models, func(a, b Model) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// unmapped says which parts of a module cannot be read over RESTCONF; "" if all can.
func unmapped(m *module.Module, d *yang.Device) (text string) {
	for i := range m.Requests {
		if why := restconf.CannotRead(m.Requests[i].XML(d, false)); why != "" {
			text += fmt.Sprintf("; %s is not read: %s", m.Requests[i].What(), why)
		}
	}
	return text
}

// RPC sends one operation and hands the bytes of its reply to read. It is for operations that only read; the caller sees
// to that.
func (t *Target) RPC(ctx context.Context, operation string, read func(io.Reader) error) error {
	return t.client.RPC(ctx, nil, operation, read)
}

// PathOperation makes a <get> of a data path whose prefixes are names of the device's models, such as
// /ietf-interfaces:interfaces-state (RFC 7951, section 4).
func (t *Target) PathOperation(ctx context.Context, path string) (string, error) {
	d, err := t.identify(ctx)
	if err != nil {
		return "", err
	}
	return module.PathOperation(path, d.Device)
}
