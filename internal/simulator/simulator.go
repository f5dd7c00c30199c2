// Package simulator is a fleet of simulated devices that speak NETCONF over real SSH or TLS, or RESTCONF over real HTTPS, for demonstrations, tests and measurements.
//
// Devices have no timers: what a device reports is a pure function of the seed, the device, the interface and the time. So a
// thousand devices cost nothing while they are not read, and tests can compute the values that they expect.
package simulator

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Versions of the YANG module ietf-interfaces.
const (
	FormState = "state" // RFC 7223: state in /interfaces-state, configuration in /interfaces
	FormNMDA  = "nmda"  // RFC 8343: everything in /interfaces, read from the operational datastore (RFC 8342)
)

// How devices are reached.
const (
	TransportSSH      = "ssh"      // NETCONF over SSH
	TransportTLS      = "tls"      // NETCONF over TLS
	TransportRESTCONF = "restconf" // RESTCONF over HTTPS
)

// Transports lists them.
func Transports() []string { return []string{TransportSSH, TransportTLS, TransportRESTCONF} }

// Config describes a fleet. The zero value is one device with one interface.
type Config struct {
	Devices    int    // how many; 0 is 1
	Interfaces int    // of each device; 0 is 1
	Names      string // what their names begin with; "sim-" where empty
	// Listen is the address of the first device. With port 0, as in the default "127.0.0.1:0", each device has a free port;
	// with another one, the devices have consecutive ports.
	Listen string
	// CallHome is where the devices call (RFC 8071), in place of listening: over Transport, SSH or TLS. Each has a host key or certificate of its own then.
	CallHome           string
	CAFile             string // where CertificatePEM is, for a written configuration
	CertFile, KeyFile  string // where ClientPEM is, likewise
	Username, Password string // "netconf" where empty
	Form               string // FormState, the default, or FormNMDA
	Transport          string // TransportSSH, the default, TransportTLS or TransportRESTCONF
	NoFields           bool   // over RESTCONF: the query parameter fields is not known
	Base10             bool   // announce base:1.0 only, which selects the framing of RFC 6242 section 4.3
	ChunkSize          int    // octets in each chunk of base:1.1 framing; 0: one chunk for the whole reply
	LoginDelay         time.Duration
	ReplyDelay         time.Duration    // from a request to the first octet of its reply
	Silent             int              // number of devices, the last ones, that accept TCP connections and send nothing
	Seed               uint64           // of the numbers and of the host key
	Now                func() time.Time // the devices' clock; nil: time.Now
	// Definitions, if any, are the devices and their data. If they are set, Devices is ignored.
	Definitions []Definition
}

// Fleet is a set of running devices.
type Fleet struct {
	config  Config
	hostKey ssh.Signer

	certificates certificates // over TLS and RESTCONF
	wrongKey     ssh.Signer   // of devices that show another one
	labels       []label      // of the interfaces
	replies      sync.Pool    // of *reply
	answers      sync.Pool    // of *restconfAnswer
	devices      []*Device
}

// Start runs a fleet. Its error says what in the configuration to change.
func Start(config Config) (*Fleet, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	f := &Fleet{config: config, labels: newLabels(config.Interfaces)}
	f.replies.New = func() any { return new(reply) }
	f.answers.New = newRestconfAnswer
	// The key depends on the seed only, so that a written configuration stays valid when the simulator is started again.
	if f.hostKey, err = newHostKey(fmt.Sprintf("simulated host key %d", config.Seed)); err != nil {
		return nil, err
	}
	if f.wrongKey, err = newHostKey(fmt.Sprintf("another host key %d", config.Seed)); err != nil {
		return nil, err
	}
	host, port, err := splitListen(config.Listen)
	if err != nil {
		return nil, err
	}
	if f.certificates, err = newCertificates(config.Seed, host); err != nil {
		return nil, err
	}
	for i := range config.Devices {
		d := newDevice(f, i)
		if config.CallHome != "" {
			if err = d.standOut(); err != nil {
				return nil, errors.Join(err, f.Close())
			}
		}
		address := net.JoinHostPort(host, strconv.Itoa(port))
		if port != 0 {
			address = net.JoinHostPort(host, strconv.Itoa(port+i))
		}
		if err := d.listen(address); err != nil {
			return nil, errors.Join(fmt.Errorf("simulator: %s cannot listen: %w; choose other ports, or fewer devices", d.Name, err), f.Close())
		}
		f.devices = append(f.devices, d)
	}
	return f, nil
}

// now is the devices' time.
func (f *Fleet) now() time.Time {
	if f.config.Now != nil {
		return f.config.Now()
	}
	return time.Now()
}

func newHostKey(text string) (ssh.Signer, error) {
	seed := sha256.Sum256([]byte(text))
	key, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		return nil, fmt.Errorf("simulator: host key: %w", err)
	}
	return key, nil
}

// Devices returns the devices, sim-0001 or the first definition first.
func (f *Fleet) Devices() []*Device { return f.devices }

// Close stops all devices, drops their sessions and returns when every goroutine of theirs has ended.
func (f *Fleet) Close() error {
	var wg sync.WaitGroup
	errs := make([]error, len(f.devices))
	for i, d := range f.devices {
		wg.Go(func() { errs[i] = d.SetDown(true); d.running.Wait() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (c Config) complete() (Config, error) {
	c.Devices = max(c.Devices, 1)
	if c.Definitions != nil {
		c.Devices = len(c.Definitions)
	}
	c.Interfaces = max(c.Interfaces, 1)
	for field, value := range map[*string]string{&c.Names: "sim-", &c.Listen: "127.0.0.1:0", &c.Username: "netconf", &c.Password: "netconf", &c.Form: FormState, &c.Transport: TransportSSH} {
		if *field == "" {
			*field = value
		}
	}
	switch {
	case c.Form != FormState && c.Form != FormNMDA:
		return c, fmt.Errorf("simulator: unknown form %q; use %s or %s", c.Form, FormState, FormNMDA)
	case !slices.Contains(Transports(), c.Transport):
		return c, fmt.Errorf("simulator: unknown transport %q; use one of %s", c.Transport, strings.Join(Transports(), ", "))
	case c.Silent < 0 || c.Silent > c.Devices:
		return c, fmt.Errorf("simulator: %d silent devices of %d; use 0 to %d", c.Silent, c.Devices, c.Devices)
	case c.CallHome != "" && c.Transport == TransportRESTCONF:
		return c, fmt.Errorf("simulator: devices call home over %s and %s only", TransportSSH, TransportTLS)
	case c.ChunkSize < 0 || c.LoginDelay < 0 || c.ReplyDelay < 0:
		return c, errors.New("simulator: chunk size and delays cannot be negative")
	}
	return c, nil
}

func splitListen(listen string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil {
		return "", 0, fmt.Errorf("simulator: listen address %q: %w; use host:port", listen, err)
	}
	return host, port, nil
}
