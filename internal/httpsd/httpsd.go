// Package httpsd asks inventories for targets, in the form of Prometheus' HTTP service discovery. The last good list of each is kept, also
// in a file, so that neither a fault of the inventory nor a restart loses targets.
package httpsd

import (
	"context"
	"log/slog"
	"reflect"
	"sync"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// Options are what a Manager works with.
type Options struct {
	Folder  string // of the files with the last good lists; made when it is needed
	Changed func() // called whenever a list has changed; not while Apply runs
	Logger  *slog.Logger
}

// Manager asks the inventories of one configuration at a time. It is safe for concurrent use.
type Manager struct {
	options Options

	mu      sync.Mutex // guards following fields
	sources map[string]*source
	lists   map[string][]config.SDGroup // by key; from a file before the first answer
	ended   bool
	running sync.WaitGroup
}

// source is one inventory that is asked.
type source struct {
	config *config.HTTPSD
	end    context.CancelFunc
	err    error // of the last answer; guarded by the Manager's mutex
}

// New returns a Manager that asks nobody yet.
func New(o Options) *Manager {
	return &Manager{options: o, sources: map[string]*source{}, lists: map[string][]config.SDGroup{}}
}

// List is the last good list of an inventory, of this run of the program or of the one before; nil if there is none.
func (m *Manager) List(sd *config.HTTPSD) []config.SDGroup {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.list(sd.Key())
}

// list is List, under the lock.
func (m *Manager) list(key string) []config.SDGroup {
	list, known := m.lists[key]
	if !known {
		list = m.readFile(key)
		m.lists[key] = list
	}
	return list
}

// Apply asks these inventories from now on, and no others. Those whose settings are the same go on as they were.
func (m *Manager) Apply(configs []*config.HTTPSD) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return
	}
	wanted := map[string]bool{}
	for _, sd := range configs {
		key := sd.Key()
		if wanted[key] {
			continue
		}
		wanted[key] = true
		if old := m.sources[key]; old != nil {
			if same(old.config, sd) {
				continue
			}
			old.end()
		}
		ctx, end := context.WithCancel(context.Background())
		asked := &source{config: sd, end: end}
		m.sources[key] = asked
		full := count(m.list(key)) > 0
		m.running.Go(func() { m.ask(ctx, asked, full) })
	}
	for key, s := range m.sources {
		if !wanted[key] {
			s.end()
			delete(m.sources, key)
			delete(m.lists, key)
		}
	}
}

// same reports whether two inventories differ in nothing but their place in the file.
func same(a, b *config.HTTPSD) bool {
	x, y := *a, *b
	x.Position, y.Position = config.Position{}, config.Position{}
	return reflect.DeepEqual(x, y)
}

// Failures are what is wrong with the last answer of each inventory, by URL; nil where nothing is.
func (m *Manager) Failures() map[string]error {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string]error{}
	for _, s := range m.sources {
		if all[s.config.URL] == nil { // several may ask one URL
			all[s.config.URL] = s.err
		}
	}
	return all
}

func (m *Manager) fail(s *source, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.err = err
}

// Close ends all that is asked.
func (m *Manager) Close() {
	m.mu.Lock()
	m.ended = true
	for _, s := range m.sources {
		s.end()
	}
	m.mu.Unlock()
	m.running.Wait()
}

// take makes a list the one in force, and tells of it if it is another one than before.
func (m *Manager) take(key string, list []config.SDGroup) {
	m.mu.Lock()
	changed := !reflect.DeepEqual(m.lists[key], list)
	m.lists[key] = list
	m.mu.Unlock()
	if changed {
		m.writeFile(key, list)
		m.options.Changed()
	}
}
