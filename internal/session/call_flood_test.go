package session_test

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// exchange is a listener without a network, for simulated time.
type exchange struct {
	calls  chan any // net.Conn or error
	closed chan struct{}
	once   sync.Once
}

func newExchange() *exchange { return &exchange{calls: make(chan any), closed: make(chan struct{})} }

func (e *exchange) Accept() (net.Conn, error) {
	select {
	case call := <-e.calls:
		if conn, ok := call.(net.Conn); ok {
			return conn, nil
		}
		return nil, call.(error)
	case <-e.closed:
		return nil, net.ErrClosed
	}
}

func (e *exchange) Close() error   { e.once.Do(func() { close(e.closed) }); return nil }
func (e *exchange) Addr() net.Addr { return &net.TCPAddr{} }

// call returns the caller's end of a connection.
func (e *exchange) call(from string) net.Conn {
	ours, theirs := net.Pipe()
	at, _ := net.ResolveTCPAddr("tcp", from)
	e.calls <- calling{theirs, at}
	return ours
}

type calling struct {
	net.Conn
	from net.Addr
}

func (c calling) RemoteAddr() net.Addr { return c.from }

// silent is a caller that takes all and says nothing.
func silent(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// TestSilentCallers has one address take all the slots that it may have, and others come in beside it. None keeps its slot for long.
func TestSilentCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		home, listener := &session.CallHome{}, newExchange()
		home.Serve(config.TransportSSH, listener)
		for i := range 100 {
			go silent(listener.call(fmt.Sprintf("192.0.2.1:%d", 1000+i)))
		}
		for i := range 100 { // one site has one IPv6 network
			go silent(listener.call(fmt.Sprintf("[2001:db8::%x]:1000", i)))
		}
		synctest.Wait()
		if s := home.Stats(); s.Half != 128 || s.Results[session.CallLimited] != 72 {
			t.Errorf("%d calls are half-open and %d were refused, want 128 and 72", s.Half, s.Results[session.CallLimited])
		}
		go silent(listener.call("198.51.100.1:1000"))
		synctest.Wait()
		if s := home.Stats(); s.Half != 129 {
			t.Errorf("%d calls are half-open with one of another address, want 129", s.Half)
		}
		for i := range 200 {
			go silent(listener.call(fmt.Sprintf("203.0.113.%d:1000", i)))
		}
		synctest.Wait()
		if s := home.Stats(); s.Half != 256 {
			t.Errorf("%d calls are half-open, want 256 at most", s.Half)
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if s := home.Stats(); s.Half != 0 || s.Results[session.CallFailed] != 256 {
			t.Errorf("%d calls are half-open, and %d have failed, want 0 and 256", s.Half, s.Results[session.CallFailed])
		}
		home.Close()
	})
}

// TestAcceptErrors has no file descriptor be left for a while.
func TestAcceptErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		home, listener := &session.CallHome{}, newExchange()
		home.Serve(config.TransportSSH, listener)
		for range 20 {
			listener.calls <- &net.OpError{Op: "accept", Err: syscall.EMFILE}
		}
		_ = listener.call("192.0.2.1:1000").Close()
		synctest.Wait()
		if n := home.Stats().Results[session.CallFailed]; n != 1 {
			t.Errorf("%d calls after the errors, want 1", n)
		}
		home.Close()
	})
}

// queued is a connection whose writes do not wait for the reader, as those of a network.
type queued struct {
	net.Conn
	out chan []byte
}

func (q queued) Write(p []byte) (int, error) {
	q.out <- append([]byte(nil), p...)
	return len(p), nil
}

// TestCallThatNobodyTakes has a target not log in, although its device called.
func TestCallThatNobodyTakes(t *testing.T) {
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	synctest.Test(t, func(t *testing.T) {
		dialer, listener := session.NewDialer(1), newExchange()
		home := dialer.CallHome()
		home.Serve(config.TransportSSH, listener)
		client := session.NewClient(session.Options{
			Target: &config.Target{Name: "router1", CallHome: true, HostKeyFingerprints: []string{ssh.FingerprintSHA256(device.Key)}},
			Auth:   &config.Auth{Username: netconftest.User, Password: netconftest.Password}, Dialer: dialer,
		})
		client.AnswerCalls(func() {})
		far := queued{listener.call("192.0.2.1:1000"), make(chan []byte, 100)}
		go func() {
			for p := range far.out {
				_, _ = far.Conn.Write(p)
			}
		}()
		served := make(chan bool)
		go func() { device.Serve(far); close(served) }()
		<-client.Called()
		time.Sleep(59 * time.Second)
		if n := home.Stats().Results[session.CallNotTaken]; n != 0 {
			t.Error("the call did not wait")
		}
		time.Sleep(2 * time.Second)
		<-served
		close(far.out)
		if n := home.Stats().Results[session.CallNotTaken]; n != 1 {
			t.Errorf("%d calls were not taken, want 1", n)
		}
		_, err := client.Connect(t.Context(), nil)
		wantError(t, err, session.ReasonTimeout, "has not called since")
		_ = client.Close(t.Context())
		dialer.Close()
	})
}

// TestCallersFlood has callers of all kinds come as fast as they can, each with a new key: lists, memory and goroutines stay bounded, and a
// device that is known still comes through.
func TestCallersFlood(t *testing.T) {
	home := startCallHome(t)
	device := netconftest.Start(t, netconftest.ServeOK(netconftest.Hello11))
	client := home.client(device)
	before := runtime.NumGoroutine()
	var flood sync.WaitGroup
	for caller := range 8 {
		flood.Go(func() {
			for i := range 40 {
				conn, err := net.Dial("tcp", home.address)
				if err != nil {
					t.Error(err)
					return
				}
				switch (caller + i) % 4 {
				case 0: // hangs up
				case 1:
					_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n")
				case 2:
					_, _ = io.WriteString(conn, "SSH-2.0-x\r\n")
					_, _ = io.Copy(conn, io.LimitReader(zeros{}, 1<<20))
				default:
					config := &ssh.ServerConfig{NoClientAuth: true}
					config.AddHostKey(netconftest.NewKey(t, "ed25519"))
					_, _, _, _ = ssh.NewServerConn(conn, config)
				}
				_ = conn.Close()
			}
		})
	}
	home.connected(device, client)
	flood.Wait()
	if n := len(home.Unknown()); n > 10 {
		t.Errorf("%d unknown callers of one address are listed, want 10 at most", n)
	}
	eventually(t, func() bool { return home.Stats().Half == 0 && runtime.NumGoroutine() < before+20 })
	if _, err := get(deadline(t), client); err != nil {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
