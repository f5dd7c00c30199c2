package collector

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/schedule"
)

// plan says which modules a list of names stands for on one device. auto stands for the best provider of each kind that
// the device has. A provider that gives no rows is passed over for an hour, and the next one is read instead.
type plan struct {
	mu        sync.Mutex          // guards following fields
	device    *device             // nil before the first session
	modules   *modules            // those that kinds was made of
	kinds     []kind              // that the device has
	providers map[string]provider // by ID
}

// kind is all modules that provide the same thing, the best first.
type kind struct {
	provides string
	modules  []*module.Module
}

// provider is what reads have shown of a module that provides something.
type provider struct {
	rows     bool      // the last complete read gave rows
	empty    time.Time // when it gave none; zero if it did, or failed
	failures int       // reads in a row that failed and gave no rows
}

// needsStandIn reports whether the next provider is to be read too: at once where this one has given nothing yet, later where it
// has, since another provider may give things other names.
func (p provider) needsStandIn() bool { return p.failures > 0 && (!p.rows || p.failures >= 3) }

const (
	auto = config.Auto
	// interfaces is the kind that is read first, so that the metrics that people watch most are there when time runs out.
	interfaces = "interfaces"
	// providerRetry is how long a provider without rows is passed over.
	providerRetry = time.Hour
)

// known is the device of the last session; nil before the first.
func (p *plan) known() *device {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.device
}

// nothingFits reports whether the device has none of the modules.
func (p *plan) nothingFits(all *modules) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.device == nil {
		return false
	}
	p.fit(all)
	return len(p.kinds) == 0
}

// learn sets what a session found out about the device, and reports whether other modules fit it than before.
func (p *plan) learn(d *device) (changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.device == d {
		return false
	}
	modules, kinds := p.modules, p.kinds
	p.device, p.modules = d, nil
	if modules == nil { // resolve was not called yet
		return false
	}
	p.fit(modules)
	if reflect.DeepEqual(kinds, p.kinds) {
		return false
	}
	p.providers = map[string]provider{}
	return true
}

// resolve gives the modules that names stand for. Named modules come first, and auto reads what it would read alone:
// of what two modules give for the same thing there is one series. Without any module, and with auto before the device is known, what is wanted is to connect.
func (p *plan) resolve(s *settings, names []string, now time.Time) (wanted []schedule.Module) {
	p.mu.Lock()
	defer p.mu.Unlock()
	named := map[string]bool{}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if m := s.modules.byName[name]; m != nil {
			wanted = append(wanted, s.wanted(m))
			named[m.Name] = true
		}
	}
	if slices.Contains(names, auto) && p.device != nil {
		p.fit(s.modules)
		for _, k := range p.kinds {
			for _, m := range p.chosen(s.modules, k, now) {
				if !named[m.Name] {
					wanted = append(wanted, s.wanted(m))
				}
			}
		}
	}
	if len(wanted) == 0 || slices.Contains(names, auto) && p.device == nil {
		wanted = append(wanted, schedule.Module{Name: schedule.Connect})
	}
	return wanted
}

func (s *settings) wanted(m *module.Module) schedule.Module {
	return schedule.Module{Name: s.modules.ids[m.Name], MaxAge: s.maxAge(m)}
}

// maxAge is what the target says of the module, else the module's own, else the target's.
func (s *settings) maxAge(m *module.Module) time.Duration {
	if own := s.config.Module(m.Name).MaxAge; own != nil {
		return time.Duration(*own)
	}
	if m.MaxAge != nil {
		return *m.MaxAge
	}
	return time.Duration(*s.config.MaxAge)
}

// fit sorts the modules that fit the device by kind.
func (p *plan) fit(all *modules) {
	if p.modules == all {
		return
	}
	p.modules, p.kinds = all, nil
	maps.DeleteFunc(p.providers, func(id string, _ provider) bool { return all.byID[id] == nil })
	byKind := map[string][]*module.Module{}
	for _, m := range all.byName {
		if fits, _ := m.Fits(p.device.Device); fits {
			byKind[kindOf(m)] = append(byKind[kindOf(m)], m)
		}
	}
	for provides, modules := range byKind {
		slices.SortFunc(modules, func(a, b *module.Module) int {
			return cmp.Or(cmp.Compare(b.Preference, a.Preference), cmp.Compare(a.Name, b.Name))
		})
		p.kinds = append(p.kinds, kind{provides, modules})
	}
	slices.SortFunc(p.kinds, func(a, b kind) int {
		return cmp.Or(-cmp.Compare(number(a.provides == interfaces), number(b.provides == interfaces)), cmp.Compare(a.provides, b.provides))
	})
}

// chosen are the modules of a kind that are read: the best that has not been given up, and with one that fails the next
// as a stand-in. While one is tried again after an hour, the one that gives rows is read too.
func (p *plan) chosen(all *modules, k kind, now time.Time) (chosen []*module.Module) {
	for i, m := range k.modules {
		state := p.providers[all.ids[m.Name]]
		if !state.empty.IsZero() && now.Sub(state.empty) < providerRetry {
			continue
		}
		chosen = append(chosen, m)
		if state.needsStandIn() {
			continue
		}
		if !state.rows {
			chosen = append(chosen, p.working(all, k.modules[i+1:])...)
		}
		return chosen
	}
	if len(chosen) == 0 {
		return k.modules[:1] // none gives rows
	}
	return chosen
}

// working is the first of these modules that gave rows; none if no module did.
func (p *plan) working(all *modules, some []*module.Module) []*module.Module {
	if i := slices.IndexFunc(some, func(m *module.Module) bool { return p.providers[all.ids[m.Name]].rows }); i >= 0 {
		return some[i : i+1]
	}
	return nil
}

// report notes the result of reading a module. When no module of a kind has given rows, all are tried again the next time.
func (p *plan) report(id string, got *result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	state := p.providers[id]
	switch {
	case got.Samples > 0:
		state = provider{rows: true}
	case got.err == nil:
		state = provider{empty: got.at}
	default:
		state.failures++
	}
	if p.providers == nil {
		p.providers = map[string]provider{}
	}
	p.providers[id] = state
	if p.modules == nil {
		return
	}
	for _, k := range p.kinds {
		if !slices.ContainsFunc(k.modules, func(m *module.Module) bool { return p.providers[p.modules.ids[m.Name]].empty.IsZero() }) {
			for _, m := range k.modules {
				delete(p.providers, p.modules.ids[m.Name])
			}
		}
	}
}

// isEmpty reports whether the module's last complete read gave no rows.
func (p *plan) isEmpty(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.providers[id].empty.IsZero()
}

// kindOf is what a module provides; one that does not say is a kind of its own.
func kindOf(m *module.Module) string { return cmp.Or(m.Provides, "module "+m.Name) }
