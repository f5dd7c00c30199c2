package session_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// TestLongTexts has devices put 100 KiB of text wherever their words are told.
func TestLongTexts(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	refusing := func(config func(*ssh.ServerConfig)) func(*netconftest.Device) {
		return func(d *netconftest.Device) {
			d.Config.PasswordCallback = nil
			config(d.Config)
		}
	}
	tests := map[string]struct {
		script func(*netconftest.Peer)
		adjust func(*netconftest.Device)
	}{
		"prompt": {netconftest.ServeOK(netconftest.Hello11), refusing(func(c *ssh.ServerConfig) {
			c.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
				_, err := ask(long, long, []string{long, long}, []bool{false, false})
				return nil, errors.Join(err, netconftest.ErrWrong)
			}
		})},
		"session-id": {netconftest.ServeOK(strings.Replace(netconftest.Hello11, ">7<", ">"+long+"<", 1)), func(*netconftest.Device) {}},
		"hello":      {func(p *netconftest.Peer) { p.Greet("<" + long[:10<<10] + "/>") }, func(*netconftest.Device) {}},
		"stderr":     {func(p *netconftest.Peer) { _, _ = fmt.Fprint(p.Stderr(), long) }, func(*netconftest.Device) {}},
		"reply": {func(p *netconftest.Peer) {
			p.Greet(netconftest.Hello11)
			p.Request()
			p.Send(long)
		}, func(*netconftest.Device) {}},
		"refused channel": {nil, func(d *netconftest.Device) {
			d.Channel = func(offer ssh.NewChannel) { _ = offer.Reject(ssh.ResourceShortage, long) }
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			device := netconftest.Start(t, test.script, test.adjust)
			var log netconftest.Buffer
			client := connect(t, device.Address, func(o *session.Options) {
				o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			})
			trace := session.NewTrace()
			hello, err := client.Connect(deadline(t), trace)
			if err == nil {
				_, err = get(deadline(t), client)
			}
			told := map[string]string{"the log": log.String(), "the session-id": hello.SessionID}
			if err != nil {
				told["the error"] = err.Error()
			}
			for _, event := range trace.Events() {
				told["the trace of "+event.Phase] = event.Detail
			}
			for where, text := range told {
				if len(text) > 2<<10 {
					t.Errorf("%s has %d octets", where, len(text))
				}
			}
		})
	}
}
