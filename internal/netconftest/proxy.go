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
	Swallows atomic.Bool  // what both ends send is not passed on
	Offered  atomic.Int32 // logins that clients tried
	Opened   atomic.Int32 // connections that it made
	ProxyRules

	listener *listener
	mu       sync.Mutex // for the rules and asked
	asked    []string   // what clients asked for
}

// ProxyRules are how a proxy answers. They are set by the functions given to StartProxy, and after that only by Change.
type ProxyRules struct {
	Login    string              // "user:password" that it asks for; "": none
	Refuse   byte                // if set, the code by which SOCKS5 refuses; HTTP has Status
	Status   string              // if set, the status with which HTTP refuses, such as "403 Forbidden"
	Instead  func(net.Conn)      // if set, serves connections
	Resolves func(string) string // what an address asked for stands for; nil: itself
}

// StartProxy starts a proxy. It ends with the test.
func StartProxy(t testing.TB, adjust ...func(*Proxy)) *Proxy {
	t.Helper()
	p := &Proxy{}
	for _, f := range adjust {
		f(p)
	}
	p.listener = listen(t, p.serve)
	p.Address = p.listener.address
	return p
}

// Change changes how connections are answered from now on.
func (p *Proxy) Change(f func(*ProxyRules)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.ProxyRules)
}

// Drop closes all connections.
func (p *Proxy) Drop() { p.listener.drop() }

// Down closes the connections and the port, Up opens the same port again.
func (p *Proxy) Down()     { p.listener.close() }
func (p *Proxy) Up() error { return p.listener.open() }

// Asked is what clients have asked for, as written by them.
func (p *Proxy) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

func (p *Proxy) serve(conn net.Conn) {
	var rules ProxyRules
	p.Change(func(r *ProxyRules) { rules = *r })
	if rules.Instead != nil {
		rules.Instead(conn)
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
	far := negotiate(rules, in, conn)
	if far == nil {
		return
	}
	defer func() { _ = far.Close() }()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(passing{p, far}, in); _ = far.Close() })
	both.Go(func() { _, _ = io.Copy(passing{p, conn}, far); _ = conn.Close() })
	both.Wait()
}

// passing passes on what it is given, unless the proxy swallows it.
type passing struct {
	proxy *Proxy
	to    io.Writer
}

func (p passing) Write(b []byte) (int, error) {
	if p.proxy.Swallows.Load() {
		return len(b), nil
	}
	return p.to.Write(b)
}

// open connects to what a client asks for.
func (p *Proxy) open(rules ProxyRules, address string) (net.Conn, error) {
	p.mu.Lock()
	p.asked = append(p.asked, address)
	p.mu.Unlock()
	if rules.Resolves != nil {
		address = rules.Resolves(address)
	}
	conn, err := net.Dial("tcp", address)
	if err == nil {
		p.Opened.Add(1)
	}
	return conn, err
}

func (p *Proxy) negotiateHTTP(rules ProxyRules, in *bufio.Reader, out io.Writer) net.Conn {
	request, err := http.ReadRequest(in)
	if err != nil || request.Method != http.MethodConnect {
		return nil
	}
	status := rules.Status
	if login := request.Header.Get("Proxy-Authorization"); rules.Login != "" {
		p.Offered.Add(1)
		if login != "Basic "+base64.StdEncoding.EncodeToString([]byte(rules.Login)) {
			status = "407 Proxy Authentication Required"
		}
	}
	var far net.Conn
	if status == "" {
		if far, err = p.open(rules, request.Host); err != nil {
			status = "502 Bad Gateway"
		}
	}
	if status == "" {
		status = "200 Connection established"
	}
	_, _ = fmt.Fprintf(out, "HTTP/1.1 %s\r\n\r\n", status)
	return far
}

func (p *Proxy) negotiateSOCKS(rules ProxyRules, in *bufio.Reader, out io.Writer) net.Conn {
	read := func(n int) []byte {
		b := make([]byte, n)
		_, _ = io.ReadFull(in, b) // what is missing is 0, and is refused
		return b
	}
	methods := read(int(read(2)[1]))
	switch {
	case rules.Login == "":
		_, _ = out.Write([]byte{5, 0})
	case len(methods) < 2:
		_, _ = out.Write([]byte{5, 0xff})
		return nil
	default:
		_, _ = out.Write([]byte{5, 2})
		user := read(int(read(2)[1]))
		password := read(int(read(1)[0]))
		p.Offered.Add(1)
		if string(user)+":"+string(password) != rules.Login {
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
	code := rules.Refuse
	var far net.Conn
	if code == 0 {
		var err error
		if far, err = p.open(rules, net.JoinHostPort(host, strconv.Itoa(int(port[0])<<8|int(port[1])))); err != nil {
			code = 5
		}
	}
	_, _ = out.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
	return far
}
