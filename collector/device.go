package collector

import (
	"cmp"
	"context"
	"io"
	"slices"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// device is what is known of a device while a session lasts. Only the read in flight uses it.
type device struct {
	*yang.Device
	session   time.Time // when the session was opened
	contentID string    // of the YANG library
	library   *yang.Library
	unread    time.Time             // when the library could last not be read; zero if it could
	providers map[string]string     // by kind: the module that gave rows where a better one did not
	noGetData bool                  // it announces NMDA and refuses get-data
	refusals  map[refusal]time.Time // of optional requests: when they were refused
}

// refusal names a request of a module.
type refusal struct {
	module string
	index  int
}

// refusedFor is how long an optional request that the device refused is not sent again: the feature may be configured meanwhile.
const refusedFor = 10 * time.Minute

// lacks reports whether the device refused the module's optional request not long ago.
func (d *device) lacks(m *module.Module, index int) bool {
	at, refused := d.refusals[refusal{m.Name, index}]
	return refused && m.Requests[index].Optional && time.Since(at) < refusedFor
}

// connect returns what is known of the device, on a session that is up. The device's YANG library is read once a session,
// or not at all where its content identifier is the one known.
func (t *Target) connect(ctx context.Context, r *read) (*device, error) {
	hello, err := t.client.Connect(ctx, r.trace)
	if err != nil {
		return nil, err
	}
	opened := t.client.Stats().Start
	t.mu.Lock()
	known := t.device
	t.mu.Unlock()
	if known != nil && known.session.Equal(opened) {
		return known, nil
	}
	d := &device{session: opened, providers: map[string]string{}, refusals: map[refusal]time.Time{}}
	operation, contentID := yang.LibraryOperation(hello.Capabilities)
	switch {
	case operation == "":
	case known != nil && time.Since(known.unread) < libraryRetry:
		d.unread = known.unread
	case contentID != "" && known != nil && known.contentID == contentID:
		d.contentID, d.library = contentID, known.library
	default:
		d.contentID = contentID
		t.readLibrary(ctx, r, d, operation)
	}
	d.Device = yang.NewDevice(hello.Capabilities, d.library)
	t.mu.Lock()
	t.device = d
	t.mu.Unlock()
	return d, nil
}

// libraryRetry is how long a device whose YANG library could not be read is taken by its hello alone.
const libraryRetry = time.Hour

// readLibrary reads the device's YANG library. A device that never answers is left half of the read's time for its data.
func (t *Target) readLibrary(ctx context.Context, r *read, d *device, operation string) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	r.trace.About("YANG library")
	defer r.trace.About("")
	err := t.rpc(ctx, r, operation, func(from io.Reader) (err error) {
		d.library, err = yang.ParseLibrary(io.LimitReader(from, int64(*t.config.MaxReplyBytes)))
		return err
	})
	if err == nil && d.library != nil {
		return
	}
	d.contentID = ""
	if err != nil {
		d.unread = time.Now()
	}
	t.logger.Debug("the device's YANG library cannot be read; what its hello says has to do", "err", err)
}

// group is the modules that provide one thing, the best first.
type group struct {
	provides string
	modules  []*module.Module
}

// candidates are the modules of a group that will be read until one gives rows.
func (d *device) candidates(g group) []*module.Module {
	if i := slices.IndexFunc(g.modules, func(m *module.Module) bool { return m.Name == d.providers[g.provides] }); i >= 0 {
		return g.modules[i : i+1]
	}
	return g.modules
}

// chosen is the module of a group that will be read first.
func (d *device) chosen(g group) *module.Module { return d.candidates(g)[0] }

// plan makes groups of the modules asked for. auto stands for all that the device has, but for kinds that a module named
// beside it provides.
func (t *Target) plan(d *device, names []string) (groups []group) {
	taken := map[string]bool{}
	for _, name := range names {
		if m := t.modules[name]; m != nil {
			groups = append(groups, group{"", []*module.Module{m}})
			taken[kind(m)] = true
		}
	}
	if !slices.Contains(names, config.Auto) {
		return groups
	}
	byKind := map[string][]*module.Module{}
	for _, m := range t.fit(d) {
		if !taken[kind(m)] {
			byKind[kind(m)] = append(byKind[kind(m)], m)
		}
	}
	found := len(groups)
	for provides, modules := range byKind {
		slices.SortFunc(modules, func(a, b *module.Module) int {
			return cmp.Or(cmp.Compare(b.Preference, a.Preference), cmp.Compare(a.Name, b.Name))
		})
		groups = append(groups, group{provides, modules})
	}
	slices.SortFunc(groups[found:], func(a, b group) int {
		return cmp.Or(-cmp.Compare(number(a.provides == interfaces), number(b.provides == interfaces)), cmp.Compare(a.provides, b.provides))
	})
	return groups
}

// fit gives the modules of the configuration that fit the device.
func (t *Target) fit(d *device) []*module.Module {
	if t.fitted != d {
		t.fitted, t.fitting = d, nil
		for _, m := range t.modules {
			if fits, _ := m.Fits(d.Device); fits {
				t.fitting = append(t.fitting, m)
			}
		}
	}
	return t.fitting
}

// interfaces is the kind that is read first: what people watch most is there when time runs out.
const interfaces = "interfaces"

// kind is what a module provides; one that does not say is a kind of its own.
func kind(m *module.Module) string { return cmp.Or(m.Provides, "module "+m.Name) }
