package faults

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// calling adds what becomes of the device's calls.
func (o outcome) calling(result session.CallResult) outcome {
	o.calls = result
	return o
}

// callingHome are faults of devices that open the connection. Their scrapes cannot bring them back: they are away until they call.
func callingHome() []fault {
	away := outcome{reason: "timeout", says: "has not called since", dials: dials{}}
	refused := func(says string) outcome {
		return outcome{reason: "backoff", says: says, dials: dials{"auth": 1}, calls: session.CallNotTaken}
	}
	overSSH := []fault{
		{name: "does not call", begin: func(s *harness) {
			s.caller.away.Store(true)
			s.restore = append(s.restore, func() { s.caller.away.Store(false) })
			s.device.Drop()
		}, want: away.with(func(o *outcome) { o.says = "that session ended" })},
		{name: "calls and says nothing", begin: tcp(silent), want: away.calling(session.CallFailed)},
		{name: "calls and hangs up", begin: tcp(func(net.Conn) {}), want: away.calling(session.CallFailed)},
		{name: "speaks no SSH", begin: tcp(sending("HTTP/1.1 400 Bad Request\r\n\r\n")), want: away.calling(session.CallFailed)},
		{name: "says who it is without end", begin: tcp(func(conn net.Conn) {
			for err := error(nil); err == nil; time.Sleep(time.Millisecond) {
				_, err = io.WriteString(conn, "DEVICE-ID: r1\r\n")
			}
		}), want: away.calling(session.CallFailed)},
		{name: "hangs up after the SSH banner", begin: tcp(func(conn net.Conn) { _, _ = io.WriteString(conn, "SSH-2.0-x\r\n") }), want: away.calling(session.CallFailed)},
		{name: "another host key", begin: func(s *harness) {
			s.change(func(d *netconftest.Device) { d.Config = d.NewConfig(netconftest.NewKey(s.t, "ed25519")) })
		}, want: away.calling(session.CallUnknown)},
		{name: "login refused", begin: heldBack(func(s *harness) {
			s.write("password", "not-it")
			s.restore = append(s.restore, func() { s.write("password", netPassword) })
			s.device.Drop()
		}), want: refused("login refused")},
		{name: "its session ends, and it calls again", begin: func(s *harness) { s.device.Drop() }, want: reopened.calling(session.CallTaken)},
		{name: "calls once more while its session lives", begin: callAgain, want: served.calling(session.CallDuplicate)},
		{name: "calls again after its session died", begin: func(s *harness) {
			s.device.NoReplies.Store(true) // to keepalives
			s.restore = append(s.restore, func() { s.device.NoReplies.Store(false) })
			callAgain(s)
		}, want: reopened.calling(session.CallTaken)},
		{name: "a flood from another address", begin: floodCalls, want: reopened.calling(session.CallLimited)},
	}
	overTLS := []fault{
		{name: "calls and says nothing", begin: tcp(silent), want: away.calling(session.CallFailed)},
		{name: "speaks SSH", begin: tcp(sending("SSH-2.0-x\r\n")), want: away.calling(session.CallFailed)},
		{name: "unknown authority", begin: stranger, want: away.calling(session.CallUnknown)},
		{name: "another name", begin: certified(labcert.Leaf{Names: []string{"router2"}}), want: away.calling(session.CallUnknown)},
		{name: "expired", begin: certified(expired), want: away.calling(session.CallUnknown)},
		{name: "wants no certificate of ours", begin: func(s *harness) {
			s.change(func(d *netconftest.Device) {
				d.TLS = d.TLS.Clone()
				d.TLS.ClientAuth = tls.NoClientCert
			})
		}, want: away.calling(session.CallFailed)},
		{name: "our certificate refused in TLS 1.2", begin: heldBack(refusesOurs(tls.VersionTLS12)), want: refused("refuses our certificate")},
		{name: "our certificate refused in TLS 1.3", begin: heldBack(refusesOurs(tls.VersionTLS13)), want: refused("refuses our certificate")},
		{name: "its session ends, and it calls again", begin: func(s *harness) { s.device.Drop() }, want: reopened.calling(session.CallTaken)},
		{name: "calls once more while its session lives", begin: callAgain, want: served.calling(session.CallDuplicate)},
		{name: "calls again after its session died", begin: func(s *harness) {
			var asked sync.Once
			does(func(p *netconftest.Peer, id string) bool {
				answered := true
				asked.Do(func() { answered = false })
				return !answered || p.Reply(reply(id, data(state)))
			})(s)
			callAgain(s)
		}, want: reopened.calling(session.CallTaken)},
	}
	for i := range overSSH {
		overSSH[i].name = "Call Home: " + overSSH[i].name
	}
	for i := range overTLS {
		overTLS[i].name, overTLS[i].over = "Call Home over TLS: "+overTLS[i].name, config.TransportTLS
	}
	rows := append(overSSH, overTLS...)
	for i := range rows {
		rows[i].through = callHome
	}
	return rows
}

// heldBack scrapes until a login was refused, and the next one is held back.
func heldBack(begin func(*harness)) func(*harness) {
	return func(s *harness) {
		begin(s)
		if !eventually(func() bool {
			probed, _ := s.scrape(probe("faulty"))
			return probed["faulty"].reasons() == "backoff"
		}) {
			s.t.Error("no login is held back")
		}
	}
}

// callAgain has the device call beside the connection that it has.
func callAgain(s *harness) {
	if err := s.device.Call(s.caller.address); err != nil {
		s.t.Error(err)
	}
}

// floodCalls has others call as fast as they can, while the device has to call again.
func floodCalls(s *harness) {
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	stop := make(chan struct{})
	var callers sync.WaitGroup
	each := func(n int, call func(conn net.Conn)) {
		for range n {
			callers.Go(func() {
				for {
					conn, err := from.Dial("tcp", s.caller.address)
					if err == nil {
						call(conn)
						_ = conn.Close()
					}
					select {
					case <-stop:
						return
					case <-time.After(10 * time.Millisecond):
					}
				}
			})
		}
	}
	each(100, func(conn net.Conn) { // more than one address may have
		hungUp := make(chan struct{})
		go func() { silent(conn); close(hungUp) }()
		select {
		case <-stop:
			_ = conn.Close()
			<-hungUp
		case <-hungUp:
		}
	})
	each(2, func(conn net.Conn) { _, _ = io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n") })
	each(2, func(conn net.Conn) {
		unknown := &ssh.ServerConfig{NoClientAuth: true}
		unknown.AddHostKey(netconftest.NewKey(s.t, "ed25519"))
		_, _, _, _ = ssh.NewServerConn(conn, unknown)
	})
	s.restore = append(s.restore, func() { close(stop); callers.Wait() })
	if !eventually(func() bool { return s.calls(session.CallLimited) > 0 }) {
		s.t.Error("no call was refused")
	}
	taken := s.calls(session.CallTaken)
	s.device.Drop()
	if !eventually(func() bool { return s.calls(session.CallTaken) > taken }) {
		s.t.Errorf("the device did not come through: %v", s.exporter.Calls().Results)
	}
}
