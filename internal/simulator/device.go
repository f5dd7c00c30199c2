package simulator

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// Device is one simulated device. Its methods may be called at any time, from any goroutine.
type Device struct {
	Name string // that of its definition, or sim-0001, sim-0002, ...

	fleet      *Fleet
	index      int
	hostKey    ssh.Signer
	own        tls.Certificate
	content    Content // nil: interfaces made from the seed
	nmda       bool
	library    *yangLibrary
	logins     atomic.Int64
	refused    atomic.Int64
	sessions   atomic.Int64
	sessionIDs atomic.Int64
	refusing   atomic.Bool
	silent     atomic.Bool
	wrongKey   atomic.Bool
	replyDelay atomic.Int64
	running    sync.WaitGroup // the accept loop and the connections

	mu          sync.Mutex
	address     string
	listener    net.Listener // nil while down
	connections map[*connection]struct{}
	outages     map[int]outage // by interface
}

func newDevice(f *Fleet, index int) *Device {
	d := &Device{
		Name:        fmt.Sprintf("%s%04d", f.config.Names, index+1),
		fleet:       f,
		index:       index,
		hostKey:     f.hostKey,
		own:         f.certificates.own,
		connections: map[*connection]struct{}{},
		outages:     map[int]outage{},
	}
	d.silent.Store(index >= f.config.Devices-f.config.Silent)
	modules := interfacesModules(f.config.Form)
	d.nmda = f.config.Form == FormNMDA
	if f.config.Definitions != nil {
		definition := f.config.Definitions[index]
		d.Name, d.content = definition.Name, definition.Content
		modules, d.nmda = d.content.Modules(), d.content.NMDA()
	}
	d.library = newYANGLibrary(modules, d.nmda)
	d.SetReplyDelay(f.config.ReplyDelay)
	return d
}

// Address is the host:port on which the device listens, "" if it calls home. It stays the same while the device is down.
func (d *Device) Address() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.address
}

// standOut gives the device a host key and a certificate of its own, with its name.
func (d *Device) standOut() (err error) {
	if d.hostKey, err = newHostKey(fmt.Sprintf("host key %d of %s", d.fleet.config.Seed, d.Name)); err == nil {
		d.own, err = d.fleet.certificates.of(d.Name)
	}
	return err
}

// Fingerprint is the SHA-256 of the host key, or over TLS and HTTPS of the certificate, which all devices of a fleet share unless they call home.
func (d *Device) Fingerprint() string {
	if d.fleet.config.Transport == TransportSSH {
		return ssh.FingerprintSHA256(d.hostKey.PublicKey())
	}
	digest := sha256.Sum256(d.own.Certificate[0])
	return "SHA256:" + strings.ReplaceAll(fmt.Sprintf("% X", digest), " ", ":")
}

// Logins is how many logins the device has accepted since it was started.
func (d *Device) Logins() int { return int(d.logins.Load()) }

// RefusedLogins is how many passwords it has refused.
func (d *Device) RefusedLogins() int { return int(d.refused.Load()) }

// Sessions is how many NETCONF sessions are open now, both hellos exchanged.
func (d *Device) Sessions() int { return int(d.sessions.Load()) }

// RefuseLogins makes the device refuse every password, or accept the right one again. Open sessions stay open.
func (d *Device) RefuseLogins(refuse bool) { d.refusing.Store(refuse) }

// SetSilent makes the device accept connections and send nothing, or answer again. Open sessions are closed.
func (d *Device) SetSilent(silent bool) {
	d.silent.Store(silent)
	d.DropSessions()
}

// ShowAnotherHostKey makes the device show a wrong host key or certificate, or its own again. Open sessions are closed.
func (d *Device) ShowAnotherHostKey(another bool) {
	d.wrongKey.Store(another)
	d.DropSessions()
}

// SetReplyDelay sets the delay before each reply, from the next request on.
func (d *Device) SetReplyDelay(delay time.Duration) { d.replyDelay.Store(int64(delay)) }

// DropSessions closes all connections without close-session, as a device closes sessions that were idle for too long. It returns
// when they are closed.
func (d *Device) DropSessions() {
	d.mu.Lock()
	open := make([]*connection, 0, len(d.connections))
	for c := range d.connections {
		open = append(open, c)
	}
	d.mu.Unlock()
	for _, c := range open {
		c.close()
		<-c.ended
	}
}

// SetDown closes the device's sessions and port, or opens the same port again; a device that calls home does not call meanwhile. Opening fails only if another program has taken
// the port meanwhile.
func (d *Device) SetDown(down bool) error {
	if !down {
		return d.listen(d.Address())
	}
	d.mu.Lock()
	listener := d.listener
	d.listener = nil
	d.mu.Unlock()
	if listener == nil {
		return nil
	}
	err := listener.Close()
	d.DropSessions()
	return err
}

// listen opens the device's port, if it is closed, and accepts connections.
func (d *Device) listen(address string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listener != nil {
		return nil
	}
	var listener net.Listener = newCaller(d.fleet.config.CallHome)
	if d.fleet.config.CallHome == "" {
		var err error
		if listener, err = net.Listen("tcp", address); err != nil {
			return err
		}
		d.address = listener.Addr().String()
	}
	d.listener = listener
	d.running.Go(func() { d.accept(listener) })
	return nil
}

func (d *Device) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors: wait until some are closed
			time.Sleep(10 * time.Millisecond)
			continue
		}
		c := newConnection(d, conn)
		d.mu.Lock()
		if d.listener == listener {
			d.connections[c] = struct{}{}
			d.running.Go(c.serve)
		} else { // SetDown was called meanwhile
			c.close()
		}
		d.mu.Unlock()
	}
}

func (d *Device) forget(c *connection) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.connections, c)
}
