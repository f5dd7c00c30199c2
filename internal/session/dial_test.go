package session_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// TestUnreachable checks the errors for servers that have no SSH or no NETCONF.
func TestUnreachable(t *testing.T) {
	wait := func(conn net.Conn) { io.Copy(io.Discard, conn) }
	say := func(text string) func(net.Conn) {
		return func(conn net.Conn) {
			io.WriteString(conn, text)
			conn.Read(make([]byte, 1000)) // the client's banner
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	listener.Close()
	tests := []struct {
		name    string
		address string
		reason  session.Reason
		phase   string
		words   []string
	}{
		{"nothing listens", closed, "refused", "tcp", []string{"connection refused", "check address and port"}},
		{"a name that does not exist", strings.Repeat("x", 64) + ".invalid:830", "dns", "dns", []string{"no such host", "check the target's address"}},
		{"silence", netconftest.Listen(t, wait), "timeout", "ssh", []string{"no SSH banner", "overloaded"}},
		{"a web server", netconftest.Listen(t, say("HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n")), "no_netconf", "ssh", []string{"not an SSH server", "HTTP/1.1 400"}},
		{"NETCONF without SSH", netconftest.Listen(t, say(netconftest.Hello10+netconftest.EOM)), "no_netconf", "ssh", []string{"not an SSH server", "<hello"}},
		{"TLS", netconftest.Listen(t, say("\x15\x03\x01\x00\x02\x02\x32")), "no_netconf", "ssh", []string{"not an SSH server"}},
		{"a web server that waits", netconftest.Listen(t, func(conn net.Conn) { say("HTTP/1.1 400 Bad Request\r\n\r\n")(conn); wait(conn) }), "no_netconf", "ssh",
			[]string{"not an SSH server", "HTTP/1.1 400"}},
		{"too many logins", netconftest.Listen(t, say("Exceeded MaxStartups\r\n")), "refused", "ssh",
			[]string{"the server limits parallel logins", `it sent "Exceeded MaxStartups"`}},
		{"hung up", netconftest.Listen(t, func(net.Conn) {}), "refused", "ssh", []string{"before it sent an SSH banner", "MaxStartups", "not speak SSH"}},
		{"an SSH server that stops in the key exchange", netconftest.Listen(t, func(conn net.Conn) { io.WriteString(conn, "SSH-2.0-x\r\n"); wait(conn) }),
			"timeout", "ssh", []string{"key exchange"}},
		{"an SSH server that hangs up in the key exchange", netconftest.Listen(t, say("SSH-2.0-x\r\n")), "refused", "ssh", []string{"handshake failed"}},
		{"no netconf subsystem", netconftest.Start(t, nil, func(d *netconftest.Device) { d.Refusals.Store(100) }).Address, "no_netconf", "hello",
			[]string{"no netconf subsystem", "830"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := connect(t, test.address, func(o *session.Options) {
				o.Timeouts = session.Timeouts{Login: time.Second}
			})
			trace := session.NewTrace()
			_, err := client.Connect(deadline(t), trace)
			wantError(t, err, test.reason, test.words...)
			events := trace.Events()
			if last := events[len(events)-1]; last.Phase != test.phase || !strings.Contains(last.Detail, test.words[0]) {
				t.Errorf("the trace ends with %+v", last)
			}
			if n := client.Stats().Dials[test.reason]; n != 1 {
				t.Errorf("%d dials counted", n)
			}
		})
	}
}

// TestMaxStartups has a server drop the first connection before its banner, as OpenSSH does above MaxStartups.
func TestMaxStartups(t *testing.T) {
	var calls atomic.Int32
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	address := netconftest.Listen(t, func(conn net.Conn) {
		if calls.Add(1) > 1 {
			device.Serve(conn)
		} else {
			conn.(*net.TCPConn).SetLinger(0) // a reset
			conn.Close()
		}
	})
	if _, err := connect(t, address).Connect(deadline(t), nil); err != nil {
		t.Fatal(err)
	}
}

// TestNoDescriptors uses up the file descriptors.
func TestNoDescriptors(t *testing.T) {
	client := connect(t, netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11)).Address)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Skip(err)
	}
	lowered := limit
	lowered.Cur = 1
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lowered); err != nil {
		t.Skip(err)
	}
	_, err := client.Connect(deadline(t), nil)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	wantError(t, err, session.ReasonQueue, "raise the limit of open files")
}

// TestQueue fills the dial slots with a device that is slow to log in.
func TestQueue(t *testing.T) {
	dialer := session.NewDialer(1)
	shared := func(o *session.Options) { o.Dialer = dialer }
	reached, release := make(chan struct{}), make(chan struct{})
	slow := netconftest.Start(t, func(p *netconftest.Peer) {
		close(reached)
		<-release
		netconftest.ServeOK(netconftest.Hello11)(p)
	})
	first := connect(t, slow.Address, shared)
	done := make(chan error)
	go func() {
		_, err := first.Connect(deadline(t), nil)
		done <- err
	}()
	<-reached

	second := connect(t, netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11)).Address, shared)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	trace := session.NewTrace()
	_, err := second.Connect(ctx, trace)
	wantError(t, err, session.ReasonQueue, "no dial slot", "1 dials are in flight")
	if events := trace.Events(); len(events) != 1 || events[0].Phase != "queue" || trace.Sum("queue") == 0 {
		t.Errorf("trace %+v", trace.Events())
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := second.Connect(deadline(t), nil); err != nil {
		t.Errorf("with the slot free again: %v", err)
	}
}

// TestAllowedTargets checks the address to which a name resolves when it is dialled.
func TestAllowedTargets(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	_, port, _ := net.SplitHostPort(device.Address)
	for _, test := range []struct {
		address, allowed string
		ok               bool
	}{
		{device.Address, "127.0.0.0/8", true},
		{"localhost:" + port, "127.0.0.0/8", true},
		{device.Address, "192.0.2.0/24", false},
		{"localhost:" + port, "192.0.2.0/24", false},
	} {
		t.Run(test.address+" in "+test.allowed, func(t *testing.T) {
			client := connect(t, test.address, func(o *session.Options) {
				o.RequireAllowed = true
				o.Auth.AllowedTargets = []string{test.allowed}
			})
			_, err := client.Connect(deadline(t), nil)
			if test.ok && err != nil || !test.ok && !errors.Is(err, session.ErrNotAllowed) {
				t.Errorf("got %v", err)
			}
		})
	}
	if n := device.Offered.Load(); n != 2 {
		t.Errorf("%d passwords sent, want 2", n)
	}
}

// TestTrace checks the timeline of a first and a second rpc.
func TestTrace(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	_, port, _ := net.SplitHostPort(device.Address)
	client := connect(t, "localhost:"+port)
	for _, want := range []string{"queue dns tcp ssh auth hello rpc", "rpc"} {
		trace := session.NewTrace()
		if err := client.RPC(deadline(t), trace, "<get/>", func(r io.Reader) error { _, err := io.ReadAll(r); return err }); err != nil {
			t.Fatal(err)
		}
		var phases []string
		for _, event := range trace.Events() {
			phases = append(phases, event.Phase)
			if event.Start < 0 || event.Duration < 0 || event.Phase != "queue" && event.Detail == "" {
				t.Errorf("event %+v", event)
			}
		}
		if got := strings.Join(phases, " "); got != want {
			t.Errorf("phases %q, want %q", got, want)
		}
	}
}

// TestReasons checks the reasons of errors from outside the package.
func TestReasons(t *testing.T) {
	for _, test := range []struct {
		err  error
		want session.Reason
	}{
		{nil, ""},
		{io.EOF, "rpc"},
		{context.DeadlineExceeded, "timeout"},
		{&session.Error{Reason: "dns", Target: "x", Err: io.EOF}, "dns"},
	} {
		if got := session.ReasonOf(test.err); got != test.want {
			t.Errorf("%v: %q, want %q", test.err, got, test.want)
		}
	}
	if n := len(session.Reasons()); n != 13 {
		t.Errorf("%d reasons", n)
	}
}
