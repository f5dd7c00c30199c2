package faults

import (
	"net"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
)

// throughJumpHost are faults of jump hosts.
func throughJumpHost() []fault {
	refuses := func(reason ssh.RejectionReason, text string) func(*harness) {
		return forwarding(func(string) (bool, ssh.RejectionReason, string) { return true, reason, text })
	}
	rows := []fault{
		{name: "refused", begin: func(s *harness) {
			s.jump.Down()
			s.restore = append(s.restore, func() {
				if err := s.jump.Up(); err != nil {
					s.t.Error(err)
				}
			})
		}, want: failed("jump", "connection refused")},
		{name: "silent after TCP", begin: jumps(func(j *netconftest.Jump) { j.TCP = silent }), silent: true, want: failed("jump", "no connection to it in time")},
		{name: "closed before the SSH banner", begin: jumps(func(j *netconftest.Jump) { j.TCP = func(net.Conn) {} }), want: failed("jump", "before it sent an SSH banner")},
		{name: "login refused", begin: func(s *harness) {
			s.write("jump_password", "not-it")
			s.restore = append(s.restore, func() { s.write("jump_password", netPassword) })
			s.jump.Drop()
		}, want: failed("jump", "login refused")},
		{name: "changed host key", begin: func(s *harness) {
			jumps(func(j *netconftest.Jump) { j.Config = j.NewConfig(netconftest.NewKey(s.t, "ed25519")) })(s)
		}, want: failed("jump", "is not the one at")},
		{name: "forbids it", begin: refuses(ssh.Prohibited, "administratively prohibited: open failed"), want: failed("jump", "PermitOpen")},
		{name: "no more channels", begin: refuses(ssh.ResourceShortage, "open failed"), want: failed("jump", "has no more channels")},
		{name: "forwards nothing", begin: refuses(ssh.UnknownChannelType, "only sessions"), want: failed("jump", "only sessions")},
		{name: "a name is not known there", begin: refuses(ssh.ConnectionFailed, "Name or service not known"), want: failed("dns", "looked up there")},
		{name: "a firewall behind it", begin: refuses(ssh.ConnectionFailed, "Connection timed out"), want: failed("timeout", "firewalls behind it")},
		{name: "the device is down", begin: down, want: failed("refused", "jump host bastion cannot connect to 127.0.0.1:")},
		{name: "opens no channel", begin: func(s *harness) {
			held := make(chan struct{})
			forwarding(func(string) (bool, ssh.RejectionReason, string) { <-held; return true, ssh.ConnectionFailed, "" })(s)
			s.restore = append(s.restore, func() { close(held) })
		}, silent: true, want: failed("timeout", "jump host bastion: no connection to 127.0.0.1:")},
		{name: "its connection ends", begin: func(s *harness) { s.jump.Drop() }, want: reopened},
	}
	for _, over := range []config.Transport{config.TransportTLS, config.TransportRESTCONF} {
		rows = append(rows, fault{name: "its connection ends, to a device that speaks " + string(over), over: over, begin: func(s *harness) { s.jump.Drop() }, want: reopened})
	}
	for i := range rows {
		rows[i].name, rows[i].through = string(jumpHost)+": "+rows[i].name, jumpHost
	}
	return rows
}

// jumps changes the jump host.
func jumps(change func(*netconftest.Jump)) func(*harness) {
	return func(s *harness) {
		s.jump.Change(func(j *netconftest.Jump) {
			config, tcp, refuse := j.Config, j.TCP, j.Refuse
			s.restore = append(s.restore, func() {
				j.Change(func(j *netconftest.Jump) { j.Config, j.TCP, j.Refuse = config, tcp, refuse })
				j.Drop()
			})
			change(j)
		})
		s.jump.Drop()
	}
}

// forwarding has the jump host answer otherwise when it is asked for a connection.
func forwarding(refuse func(address string) (bool, ssh.RejectionReason, string)) func(*harness) {
	return jumps(func(j *netconftest.Jump) { j.Refuse = refuse })
}
