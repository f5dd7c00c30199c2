package simulator_test

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

const (
	base       = "urn:ietf:params:xml:ns:netconf:base:1.0"
	interfaces = "urn:ietf:params:xml:ns:yang:ietf-interfaces"
	library    = "urn:ietf:params:xml:ns:yang:ietf-yang-library"
	nmda       = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda"
	datastores = "urn:ietf:params:xml:ns:yang:ietf-datastores"
)

func start(t testing.TB, config simulator.Config) *simulator.Fleet {
	t.Helper()
	fleet, err := simulator.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fleet.Close(); err != nil {
			t.Error(err)
		}
	})
	return fleet
}

// login logs in with a password, or with the given methods.
func login(d *simulator.Device, methods ...ssh.AuthMethod) (*ssh.Client, error) {
	if len(methods) == 0 {
		methods = []ssh.AuthMethod{ssh.Password("netconf")}
	}
	return ssh.Dial("tcp", d.Address(), &ssh.ClientConfig{
		User: "netconf", Auth: methods,
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if got := ssh.FingerprintSHA256(key); got != d.Fingerprint() {
				return fmt.Errorf("host key %s, want %s", got, d.Fingerprint())
			}
			return nil
		},
	})
}

// client is a simple NETCONF client with its own implementation of RFC 6242.
type client struct {
	t       testing.TB
	ssh     *ssh.Client
	in      *bufio.Reader
	out     io.WriteCloser
	hello   string
	chunked bool
	chunk   int // the largest seen
	id      int
}

// dial opens a session; capabilities are those that the client announces.
func dial(t testing.TB, d *simulator.Device, capabilities ...string) *client {
	t.Helper()
	conn, err := login(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	session, err := conn.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := session.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.RequestSubsystem("netconf"); err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, ssh: conn, in: bufio.NewReader(in), out: out, id: 100}
	c.hello = c.mustRead()
	hello := `<?xml version="1.0" encoding="UTF-8"?><hello xmlns="` + base + `"><capabilities>`
	for _, capability := range append(capabilities, "urn:ietf:params:netconf:base:1.0") {
		hello += "<capability>" + capability + "</capability>"
		c.chunked = c.chunked || capability == base11 && strings.Contains(c.hello, base11)
	}
	if _, err := io.WriteString(c.out, hello+"</capabilities></hello>]]>]]>"); err != nil {
		t.Fatal(err)
	}
	return c
}

const base11 = "urn:ietf:params:netconf:base:1.1"

// rpc sends an operation and returns what is inside rpc-reply, whose message-id must be the request's.
func (c *client) rpc(operation string) string {
	c.t.Helper()
	c.id++
	c.send(fmt.Sprintf(`<rpc xmlns="%s" message-id="%d">%s</rpc>`, base, c.id, operation))
	reply := c.mustRead()
	wellFormed(c.t, reply)
	start := fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><rpc-reply xmlns="%s" message-id="%d">`, base, c.id)
	inner, found := strings.CutPrefix(reply, start)
	if !found {
		c.t.Fatalf("reply does not begin with %s:\n%s", start, reply)
	}
	return strings.TrimSuffix(inner, "</rpc-reply>")
}

func (c *client) send(message string) {
	c.t.Helper()
	if c.chunked { // in two chunks, to be difficult
		half := len(message) / 2
		message = fmt.Sprintf("\n#%d\n%s\n#%d\n%s\n##\n", half, message[:half], len(message)-half, message[half:])
	} else {
		message += "]]>]]>"
	}
	if _, err := io.WriteString(c.out, message); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) mustRead() string {
	c.t.Helper()
	message, err := c.read()
	if err != nil {
		c.t.Fatal(err)
	}
	return message
}

func (c *client) read() (string, error) {
	var message strings.Builder
	for !c.chunked {
		text, err := c.in.ReadString('>')
		message.WriteString(text)
		if whole, found := strings.CutSuffix(message.String(), "]]>]]>"); found || err != nil {
			return whole, err
		}
	}
	for {
		var size int
		if _, err := fmt.Fscanf(c.in, "\n#%d\n", &size); err != nil {
			if rest, _ := c.in.ReadString('\n'); rest == "#\n" {
				return message.String(), nil
			}
			return message.String(), err
		}
		c.chunk = max(c.chunk, size)
		if _, err := io.CopyN(&message, c.in, int64(size)); err != nil {
			return message.String(), err
		}
	}
}

func wellFormed(t testing.TB, document string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(document))
	for {
		if _, err := decoder.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
	}
}
