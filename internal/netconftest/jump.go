package netconftest

import (
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Jump is an SSH server that forwards connections (RFC 4254 section 7.2) and has no subsystem.
type Jump struct {
	*Device
	Forwarded atomic.Int32                                             // connections that it made
	Refuse    func(address string) (bool, ssh.RejectionReason, string) // nil: none is refused; set by Change once it has started
}

// StartJump starts a jump host that accepts User with Password. It ends with the test.
func StartJump(t testing.TB, adjust ...func(*Jump)) *Jump {
	t.Helper()
	j := &Jump{}
	j.Device = Start(t, nil, func(d *Device) { d.Channel = j.forward })
	for _, f := range adjust {
		f(j)
	}
	return j
}

// Change changes the jump host for what is asked of it from now on.
func (j *Jump) Change(f func(*Jump)) { j.Device.Change(func(*Device) { f(j) }) }

// forward serves the request for one channel.
func (j *Jump) forward(offer ssh.NewChannel) {
	var to struct {
		Host       string
		Port       uint32
		Origin     string
		OriginPort uint32
	}
	if offer.ChannelType() != "direct-tcpip" || ssh.Unmarshal(offer.ExtraData(), &to) != nil {
		_ = offer.Reject(ssh.UnknownChannelType, "only direct-tcpip")
		return
	}
	address := net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port)))
	var refuse func(string) (bool, ssh.RejectionReason, string)
	j.Change(func(j *Jump) { refuse = j.Refuse })
	if refuse != nil {
		if refused, reason, text := refuse(address); refused {
			_ = offer.Reject(reason, text)
			return
		}
	}
	go func() { // ends with the connection
		conn, err := net.Dial("tcp", address)
		if err != nil {
			_ = offer.Reject(ssh.ConnectionFailed, err.Error())
			return
		}
		channel, requests, err := offer.Accept()
		if err != nil {
			_ = conn.Close()
			return
		}
		j.Forwarded.Add(1)
		go ssh.DiscardRequests(requests)
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(conn, channel); _ = conn.Close() })
		both.Go(func() { _, _ = io.Copy(channel, conn); _ = channel.Close() })
		both.Wait()
	}()
}
