package faults

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/netconftest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// way is how exporter and faulty device come together.
type way string

const (
	direct     way = ""
	callHome   way = "Call Home"
	socksProxy way = "SOCKS5 proxy"
	httpProxy  way = "HTTP proxy"
	jumpHost   way = "jump host"
)

// lead starts what leads to the device at an address. It returns what the configuration says of that in the target and beside it.
func (s *harness) lead(f fault, address string) (target, beside string) {
	s.write("jump_password", netconftest.Password)
	s.write("jump_known_hosts", "")
	switch f.through {
	case callHome:
		listen := netconftest.FreeAddress(s.t)
		s.caller = startCaller(s.t, s.device, listen)
		if f.over == config.TransportTLS {
			return "call_home: true", fmt.Sprintf("call_home: {tls_listen_address: %q}", listen)
		}
		return fmt.Sprintf("call_home: true, host_key_fingerprints: [%q]", ssh.FingerprintSHA256(s.device.Key)), fmt.Sprintf("call_home: {ssh_listen_address: %q}", listen)
	case socksProxy, httpProxy:
		scheme := map[way]string{socksProxy: "socks5", httpProxy: "http"}[f.through]
		s.proxy = netconftest.StartProxy(s.t)
		return fmt.Sprintf("address: %q, proxy_url: %q", address, scheme+"://"+s.proxy.Address), ""
	case jumpHost:
		s.jump = netconftest.StartJump(s.t)
		s.trust("jump_known_hosts", s.jump.Key)
		return fmt.Sprintf("address: %q, proxy_jump: bastion", address), fmt.Sprintf("jump_hosts: {bastion: {address: %q, auth: jump}}", s.jump.Address)
	}
	return fmt.Sprintf("address: %q", address), ""
}

// caller has a device call whenever it has no connection.
type caller struct {
	device  *netconftest.Device
	address string      // that it calls
	away    atomic.Bool // it does not call
}

func startCaller(t *testing.T, device *netconftest.Device, address string) *caller {
	c := &caller{device: device, address: address}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
			if !c.away.Load() && device.Connections() == 0 {
				_ = device.Call(address) // nobody listens before the exporter does, and after it
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-stopped })
	return c
}

// calls is how many calls of the device had a result.
func (s *harness) calls(result session.CallResult) uint64 { return s.exporter.Calls().Results[result] }
