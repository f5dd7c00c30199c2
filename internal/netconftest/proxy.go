package netconftest

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy is a proxy that speaks SOCKS5 (RFC 1928) or HTTP with the method CONNECT, whichever a client begins with.
type Proxy struct {
	Address  string
	Login    string              // "user:password" that it asks for; "": none
	Refuse   byte                // if set, the code by which SOCKS5 refuses; HTTP has Status
	Status   string              // if set, the status with which HTTP refuses, such as "403 Forbidden"
	Instead  func(net.Conn)      // if set, serves connections
	Resolves func(string) string // what an address asked for stands for; nil: itself
	Offered  atomic.Int32        // logins that clients tried
	Opened   atomic.Int32        // connections that it made
	mu       sync.Mutex          // for asked
	asked    []string            // what clients asked for
}

// StartProxy starts a proxy. It ends with the test.
func StartProxy(t testing.TB, adjust ...func(*Proxy)) *Proxy {
	t.Helper()
	p := &Proxy{}
	for _, f := range adjust {
		f(p)
	}
	p.Address = Listen(t, p.serve)
	return p
}

// Asked is what clients have asked for, as written by them.
func (p *Proxy) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

func (p *Proxy) serve(conn net.Conn) {
	if p.Instead != nil {
		p.Instead(conn)
		return
	}
	in := bufio.NewReader(conn)
	first, err := in.Peek(1)
	if err != nil {
		return
	}
	negotiate := p.negotiateHTTP
	if first[0] == 5 {
		negotiate = p.negotiateSOCKS
	}
	far := negotiate(in, conn)
	if far == nil {
		return
	}
	defer func() { _ = far.Close() }()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(far, in); _ = far.Close() })
	both.Go(func() { _, _ = io.Copy(conn, far); _ = conn.Close() })
	both.Wait()
}

// open connects to what a client asks for.
func (p *Proxy) open(address string) (net.Conn, error) {
	p.mu.Lock()
	p.asked = append(p.asked, address)
	p.mu.Unlock()
	if p.Resolves != nil {
		address = p.Resolves(address)
	}
	conn, err := net.Dial("tcp", address)
	if err == nil {
		p.Opened.Add(1)
	}
	return conn, err
}

func (p *Proxy) negotiateHTTP(in *bufio.Reader, out io.Writer) net.Conn {
	request, err := http.ReadRequest(in)
	if err != nil || request.Method != http.MethodConnect {
		return nil
	}
	status := p.Status
	if login := request.Header.Get("Proxy-Authorization"); p.Login != "" {
		p.Offered.Add(1)
		if login != "Basic "+base64.StdEncoding.EncodeToString([]byte(p.Login)) {
			status = "407 Proxy Authentication Required"
		}
	}
	var far net.Conn
	if status == "" {
		if far, err = p.open(request.Host); err != nil {
			status = "502 Bad Gateway"
		}
	}
	if status == "" {
		status = "200 Connection established"
	}
	_, _ = fmt.Fprintf(out, "HTTP/1.1 %s\r\n\r\n", status)
	return far
}

func (p *Proxy) negotiateSOCKS(in *bufio.Reader, out io.Writer) net.Conn {
	read := func(n int) []byte {
		b := make([]byte, n)
		_, _ = io.ReadFull(in, b) // what is missing is 0, and is refused
		return b
	}
	methods := read(int(read(2)[1]))
	switch {
	case p.Login == "":
		_, _ = out.Write([]byte{5, 0})
	case len(methods) < 2:
		_, _ = out.Write([]byte{5, 0xff})
		return nil
	default:
		_, _ = out.Write([]byte{5, 2})
		user := read(int(read(2)[1]))
		password := read(int(read(1)[0]))
		p.Offered.Add(1)
		if string(user)+":"+string(password) != p.Login {
			_, _ = out.Write([]byte{1, 1})
			return nil
		}
		_, _ = out.Write([]byte{1, 0})
	}
	var host string
	switch kind := read(4)[3]; kind {
	case 1:
		host = net.IP(read(net.IPv4len)).String()
	case 4:
		host = net.IP(read(net.IPv6len)).String()
	default:
		host = string(read(int(read(1)[0])))
	}
	port := read(2)
	code := p.Refuse
	var far net.Conn
	if code == 0 {
		var err error
		if far, err = p.open(net.JoinHostPort(host, strconv.Itoa(int(port[0])<<8|int(port[1])))); err != nil {
			code = 5
		}
	}
	_, _ = out.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
	return far
}
