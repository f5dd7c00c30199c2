package session

import (
	"net/netip"
	"slices"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
)

const (
	mostCallers     = 100 // that are listed
	mostCallersFrom = 10  // of one address, so that one cannot push out all others
)

// Caller is a device that called and belongs to no target.
type Caller struct {
	Address     string // that it called from last
	Transport   config.Transport
	KeyType     string // such as ssh-ed25519; of a certificate, what it says
	Fingerprint string // SHA256:..., of a host key or of a certificate
	Name        string // that a target known by its certificate's name would have; "": the certificate has none, or made itself
	Why         string // the target that the certificate names was not given the call, as a sentence; "": it names none
	First, Last time.Time
	Calls       int
}

// callers are the latest unknown callers, the oldest first.
type callers struct {
	all []listed
}

type listed struct {
	Caller
	from netip.Prefix
}

// add notes a call, and reports whether the caller is new.
func (c *callers) add(caller Caller, from netip.Prefix) (news bool) {
	caller.First, caller.Calls = caller.Last, 1
	same := func(l listed) bool { return l.Fingerprint == caller.Fingerprint }
	if i := slices.IndexFunc(c.all, same); i >= 0 {
		caller.First, caller.Calls = c.all[i].First, c.all[i].Calls+1
		c.all = slices.Delete(c.all, i, i+1)
	} else {
		news = true
		var neighbours []int
		for i, l := range c.all {
			if l.from == from {
				neighbours = append(neighbours, i)
			}
		}
		switch {
		case len(neighbours) >= mostCallersFrom:
			c.all = slices.Delete(c.all, neighbours[0], neighbours[0]+1)
		case len(c.all) >= mostCallers:
			c.all = slices.Delete(c.all, 0, 1)
		}
	}
	c.all = append(c.all, listed{caller, from})
	return news
}

// forget removes the caller with a key, because a target has that key now.
func (c *callers) forget(fingerprint string) {
	c.all = slices.DeleteFunc(c.all, func(l listed) bool { return l.Fingerprint == fingerprint })
}

func (c *callers) list() []Caller {
	var list []Caller
	for _, l := range slices.Backward(c.all) {
		list = append(list, l.Caller)
	}
	return list
}
