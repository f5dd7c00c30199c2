package collector

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/schedule"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// device is what is known of a device while a session lasts.
type device struct {
	*yang.Device
	session   time.Time // when the session was opened
	contentID string    // of the YANG library
	library   *yang.Library
	size      int64                 // of all this, in bytes
	unread    time.Time             // when the library could last not be read; zero if it could
	noGetData bool                  // it announces NMDA and refuses get-data; this and what follows belong to the read in flight
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

// identify waits for a read that connects, and returns what is known of the device then.
func (t *Target) identify(ctx context.Context) (*device, error) {
	connect := []schedule.Module{{Name: schedule.Connect}}
	answer := t.schedule.Scrape(ctx, schedule.Request{Modules: func() []schedule.Module { return connect }})
	if d := t.plan.known(); d != nil && answer.Lost == nil {
		return d, nil
	}
	return nil, cmp.Or(answer.Lost, ctx.Err(), fmt.Errorf("target %s: the read ended before the device was known; try again", t.Name()))
}

// connect returns what is known of the device, on a session that is up. The device's YANG library is read once a session,
// or not at all where its content identifier is the one known.
func (t *Target) connect(ctx context.Context, r *reading) (*device, error) {
	hello, err := t.client.Connect(ctx, r.trace)
	if err != nil {
		return nil, err
	}
	opened := t.client.Stats().Start
	known := t.plan.known()
	if known != nil && known.session.Equal(opened) {
		return known, nil
	}
	d := &device{session: opened, refusals: map[refusal]time.Time{}}
	operation, contentID := yang.LibraryOperation(hello.Capabilities)
	switch {
	case hello.Library != nil:
		d.library = hello.Library
	case operation == "":
	case known != nil && time.Since(known.unread) < libraryRetry:
		d.unread = known.unread
	case contentID != "" && known != nil && known.contentID == contentID:
		d.contentID, d.library = contentID, known.library
	default:
		d.contentID = contentID
		r.readLibrary(ctx, d, operation)
	}
	d.Device = yang.NewDevice(hello.Capabilities, d.library)
	d.size = d.Device.Size()
	return d, r.use.took(d.size)
}

// libraryRetry is how long a device whose YANG library could not be read is taken by its hello alone.
const libraryRetry = time.Hour

// readLibrary reads the device's YANG library. A device that never answers is left half of the read's time for its data.
func (r *reading) readLibrary(ctx context.Context, d *device, operation string) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	r.trace.About("YANG library")
	defer r.trace.About("")
	err := r.rpc(ctx, operation, nil, func(from io.Reader) (err error) {
		d.library, err = yang.ParseLibrary(io.LimitReader(from, int64(*r.settings.config.MaxReplyBytes)))
		return err
	})
	if err == nil && d.library != nil {
		return
	}
	d.contentID = ""
	if err != nil {
		d.unread = time.Now()
	}
	r.target.logger.Debug("the device's YANG library cannot be read; what its hello says has to do", "err", err)
}
