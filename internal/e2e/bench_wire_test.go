//go:build linux

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	builtin "github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/module"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// wire is a NETCONF session that reads replies and discards them: the least work of any reader.
type wire struct {
	t   testing.TB
	in  *bufio.Reader
	out io.Writer
}

func dialWire(t testing.TB, address string) *wire {
	client, err := ssh.Dial("tcp", address, &ssh.ClientConfig{
		User: "netconf", Auth: []ssh.AuthMethod{ssh.Password("netconf")}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, _ := session.StdinPipe()
	in, _ := session.StdoutPipe()
	if err := session.RequestSubsystem("netconf"); err != nil {
		t.Fatal(err)
	}
	w := &wire{t, bufio.NewReaderSize(in, 32<<10), out}
	w.send(`<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>` +
		`<capability>urn:ietf:params:netconf:base:1.1</capability></capabilities></hello>]]>]]>`)
	for hello := ""; !strings.HasSuffix(hello, "]]>]]>"); {
		part, err := w.in.ReadString('>')
		if err != nil {
			t.Fatal(err)
		}
		hello += part
	}
	return w
}

func (w *wire) send(text string) {
	if _, err := io.WriteString(w.out, text); err != nil {
		w.t.Fatal(err)
	}
}

// read sends each operation and discards the chunks of its reply (RFC 6242, section 4.2). It returns the octets of all replies.
func (w *wire) read(operations []string) (octets int64) {
	for i, operation := range operations {
		rpc := fmt.Sprintf(`<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="%d">%s</rpc>`, i, operation)
		w.send(fmt.Sprintf("\n#%d\n%s\n##\n", len(rpc), rpc))
		for {
			w.in.Discard(len("\n#"))
			header, err := w.in.ReadString('\n')
			if err != nil {
				w.t.Fatal(err)
			}
			if header == "#\n" {
				break
			}
			size, err := strconv.ParseInt(strings.TrimSpace(header), 10, 64)
			if err != nil {
				w.t.Fatalf("not a chunk: %q", header)
			}
			n, err := io.CopyN(io.Discard, w.in, size)
			if octets += n; err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return octets
}

// interfaceOperations are the operations that the exporter sends to a simulated device.
func interfaceOperations(t testing.TB) (operations []string) {
	library, err := builtin.BuiltinDefinitions()
	if err != nil {
		t.Fatal(err)
	}
	modules, err := module.Compile(library)
	if err != nil {
		t.Fatal(err)
	}
	m := modules["ietf-interfaces"]
	for i := range m.Requests {
		operations = append(operations, m.Requests[i].XML(yang.NewDevice(nil, nil), false))
	}
	return operations
}
