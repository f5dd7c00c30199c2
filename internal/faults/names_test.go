package faults

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// zone is a name server for the tests. Names in it can fail and change.
type zone struct {
	mu        sync.Mutex
	addresses map[string]string // of the names that have one
}

var names = &zone{addresses: map[string]string{}}

// set sets the address of a name; "" removes it.
func (z *zone) set(name, address string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.addresses[name+"."] = address
}

// resolver is a resolver that asks only the zone.
func (z *zone) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go z.serve(theirs)
		return ours, nil
	}}
}

// serve answers one query over a stream (RFC 1035, section 4.2.2).
func (z *zone) serve(conn net.Conn) {
	defer conn.Close()
	query := make([]byte, 514)
	n, err := conn.Read(query)
	for err == nil && n < 2 || err == nil && n < 2+int(query[0])<<8+int(query[1]) {
		var more int
		more, err = conn.Read(query[n:])
		n += more
	}
	if err != nil {
		return
	}
	answer, err := z.answer(query[2:n])
	if err != nil {
		return
	}
	_, _ = conn.Write(append([]byte{byte(len(answer) >> 8), byte(len(answer))}, answer...))
}

func (z *zone) answer(query []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	if len(m.Questions) != 1 {
		return nil, errors.New("not one question")
	}
	q := m.Questions[0]
	z.mu.Lock()
	address := z.addresses[strings.ToLower(q.Name.String())]
	z.mu.Unlock()
	m.Response, m.Authoritative, m.RecursionAvailable, m.Additionals = true, true, true, nil
	switch {
	case address == "":
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: netip.MustParseAddr(address).As4()},
		}}
	}
	return m.Pack()
}
