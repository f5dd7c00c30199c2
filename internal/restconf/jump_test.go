package restconf_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/restconf"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

func TestThroughAJumpHost(t *testing.T) {
	d := device("", "", map[string]string{"/restconf/data/lab:top": top}).Start(t, nil)
	jump := netconftest.StartJump(t)
	c := newClient(t, behind(t, jump, options(t, d)))
	if _, err := rpc(t, c, get(`<top xmlns="urn:lab"/>`)); err != nil {
		t.Fatal(err)
	}
	if jump.Forwarded.Load() != 1 {
		t.Errorf("the jump host made %d connections, want 1", jump.Forwarded.Load())
	}
}

// TestChannelsInTurns: devices behind a jump host that has one channel for all of them are read in turns.
func TestChannelsInTurns(t *testing.T) {
	jump := netconftest.StartJump(t)
	var clients []*restconf.Client
	var first session.Options
	for i := range 3 {
		o := behind(t, jump, options(t, device("", "", map[string]string{"/restconf/data/lab:top": top}).Start(t, nil)))
		if o.Via[0].Host.MaxChannels = 1; i == 0 {
			first = o
		}
		o.Dialer, o.Via = first.Dialer, first.Via
		clients = append(clients, newClient(t, o))
	}
	for range 2 {
		for _, c := range clients {
			if _, err := rpc(t, c, get(`<top xmlns="urn:lab"/>`)); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestFailureBehindAJumpHost: a request that a device gives up, while the connection stays open, fails at once.
func TestFailureBehindAJumpHost(t *testing.T) {
	d := device("", "", nil)
	d.Handle = func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }
	d.Start(t, func(s *httptest.Server) { s.EnableHTTP2 = true })
	c := newClient(t, behind(t, netconftest.StartJump(t), options(t, d)))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := c.Connect(ctx, nil); session.ReasonOf(err) != session.ReasonHello || !strings.Contains(err.Error(), "was not answered") {
		t.Errorf("got %v", err)
	}
}

// behind has a client go through a jump host.
func behind(t *testing.T, jump *netconftest.Jump, o session.Options) session.Options {
	o.Dialer = session.NewDialer(2)
	t.Cleanup(o.Dialer.Close)
	o.Via = []config.NamedJumpHost{{Name: "bastion", Host: &config.JumpHost{Address: jump.Address}, Auth: &config.Auth{
		Username: netconftest.User, Password: netconftest.Password, InsecureIgnoreHostKey: true,
	}}}
	return o
}
