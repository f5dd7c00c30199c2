package netconftest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Hellos of a device that has one or both framings, and the end-of-message mark of base:1.0.
const (
	Hello10 = `<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>` +
		`<capability>urn:ietf:params:netconf:base:1.0</capability></capabilities><session-id>7</session-id></hello>`
	Hello11 = `<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>` +
		`<capability>urn:ietf:params:netconf:base:1.0</capability><capability>urn:ietf:params:netconf:base:1.1</capability>` +
		`</capabilities><session-id>7</session-id></hello>`
	EOM = "]]>]]>"
)

// Peer is the device's end of one session. Bytes written to it are sent without framing.
type Peer struct {
	ssh.Channel
	Device  *Device
	Conn    ssh.Conn
	In      *bufio.Reader
	Chunked bool // the framing of Request and Reply
}

func newPeer(d *Device, conn ssh.Conn, channel ssh.Channel) *Peer {
	return &Peer{Channel: channel, Device: d, Conn: conn, In: bufio.NewReader(channel)}
}

// Send writes raw bytes; false if the client has closed the session.
func (p *Peer) Send(text string) bool {
	_, err := io.WriteString(p, text)
	return err == nil
}

// Greet sends a hello, reads the client's and returns it.
func (p *Peer) Greet(hello string) string {
	p.Send(hello + EOM)
	clients, _ := p.UntilEOM()
	p.Chunked = strings.Contains(hello, ":base:1.1<") && strings.Contains(clients, ":base:1.1<")
	return clients
}

// UntilEOM reads a message with its end-of-message mark; false if the stream ends first.
func (p *Peer) UntilEOM() (string, bool) {
	var got []byte
	for !bytes.HasSuffix(got, []byte(EOM)) {
		b, err := p.In.ReadByte()
		if err != nil {
			return string(got), false
		}
		got = append(got, b)
	}
	return string(got), true
}

// Request reads the next rpc and returns it with its message-id; ok is false if the client has closed the session.
func (p *Peer) Request() (rpc, id string, ok bool) {
	if p.Chunked {
		var size int
		for {
			if _, err := fmt.Fscanf(p.In, "\n#%d\n", &size); err != nil {
				break // the end of chunks, or of the stream
			}
			chunk := make([]byte, size)
			if _, err := io.ReadFull(p.In, chunk); err != nil {
				return "", "", false
			}
			rpc += string(chunk)
		}
		_, _ = p.In.ReadString('\n')
	} else {
		rpc, _ = p.UntilEOM()
	}
	_, after, _ := strings.Cut(rpc, `message-id="`)
	id, _, ok = strings.Cut(after, `"`)
	if ok {
		p.Device.RPCs.Add(1)
	}
	return rpc, id, ok
}

// Reply sends a message in the session's framing.
func (p *Peer) Reply(message string) bool { return p.Send(p.Frame(message)) }

// Frame is a message in the session's framing.
func (p *Peer) Frame(message string) string {
	if p.Chunked {
		return "\n#" + strconv.Itoa(len(message)) + "\n" + message + "\n##\n"
	}
	return message + EOM
}

// Wait reads until the client closes the session.
func (p *Peer) Wait() { _, _ = io.Copy(io.Discard, p.In) }

// Chunks frames a message in chunks of a size (RFC 6242 section 4.2).
func Chunks(message string, size int) string {
	var framed strings.Builder
	for len(message) > 0 {
		n := min(size, len(message))
		fmt.Fprintf(&framed, "\n#%d\n%s", n, message[:n])
		message = message[n:]
	}
	return framed.String() + "\n##\n"
}

// OKReply is a reply without data.
func OKReply(id string) string {
	return `<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="` + id + `"><data/></rpc-reply>`
}

// ServeOK returns the script of a device that answers every rpc and ends the session at close-session.
func ServeOK(hello string) func(*Peer) {
	return func(p *Peer) {
		p.Greet(hello)
		p.Answer(func(_, id string) string { return OKReply(id) })
	}
}

// Answer replies to each rpc with the message that answer returns, until the session ends.
func (p *Peer) Answer(answer func(rpc, id string) string) {
	for {
		rpc, id, ok := p.Request()
		if !ok || !p.Reply(answer(rpc, id)) || strings.Contains(rpc, "close-session") {
			return
		}
	}
}
