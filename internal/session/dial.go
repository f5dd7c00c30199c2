package session

import (
	"context"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// dial is one attempt to open a session: TCP, SSH or TLS, login, hello.
type dial struct {
	Options
	hostPort    string
	timeouts    Timeouts
	trace       *Trace
	credentials *credentials
	accounts    *account.Accounts
	freeSlot    func() // gives back the dial slot, once; nil: there is none

	jump         *jumpHost    // the last one on the way; nil: none
	channel      *jumpChannel // of it; nil: none
	forwards     bool         // the dial is to a jump host
	call         *call        // of a device that calls home; nil: none
	device       string       // what the accounts know the device by; set when its address is known
	deviceExpiry time.Time    // when the device's certificate expires; set when it is known
}

// open returns a new session.
func (d *dial) open(ctx context.Context) (*session, error) {
	connect := d.connectSSH
	if d.Target.Over() == config.TransportTLS {
		connect = d.connectTLS
	}
	on, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	s, err := d.openSession(ctx, on)
	if err == nil {
		d.channel.endsWhenIdle(s.idle, func() { s.transport.fail(errChannelWanted) })
	}
	return s, err
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
