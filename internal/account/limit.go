package account

import (
	"crypto/sha256"
	"maps"
	"time"
)

// Limits on what is remembered. What was unused for the longest time is forgotten first, refusals of the last ten minutes last.
const (
	mostUsers   = 10_000
	mostSecrets = 16 // of a user: a file that alternates has two
	mostDevices = 20_000
)

// find returns what is known of a secret.
func (a *Accounts) find(s Secret) (*user, *secret) {
	now := time.Now()
	if a.users == nil {
		a.users = map[string]*user{}
	}
	name := fold(s.User)
	u := a.users[name]
	if u == nil {
		if len(a.users) >= mostUsers {
			a.forgetUsers(now)
		}
		u = &user{secrets: map[[sha256.Size]byte]*secret{}}
		a.users[name] = u
	}
	u.lastUse = now
	known := u.secrets[s.Digest]
	if known == nil {
		if len(u.secrets) >= mostSecrets {
			u.forgetSecret()
		}
		known = &secret{devices: map[string]*device{}}
		u.secrets[s.Digest] = known
	}
	known.lastUse = now
	return u, known
}

// forgetUsers forgets user names that were not used for long: first those that have all their tokens.
func (a *Accounts) forgetUsers(now time.Time) {
	for _, withTokens := range []bool{true, false} {
		for _, unused := range []time.Duration{24 * time.Hour, time.Hour, 0} {
			before := len(a.users)
			maps.DeleteFunc(a.users, func(_ string, u *user) bool {
				return !u.busy() && now.Sub(u.lastUse) >= unused && (u.tokens(now) == tokens) == withTokens
			})
			if len(a.users) < before {
				return
			}
		}
	}
}

func (u *user) busy() bool {
	for _, s := range u.secrets {
		if s.busy() {
			return true
		}
	}
	return false
}

// forgetSecret forgets the secret that was not used for longest.
func (u *user) forgetSecret() {
	var oldest [sha256.Size]byte
	found := false
	for digest, s := range u.secrets {
		if !s.busy() && (!found || s.lastUse.Before(u.secrets[oldest].lastUse)) {
			oldest, found = digest, true
		}
	}
	if found {
		delete(u.secrets, oldest)
	}
}

func (s *secret) busy() bool { return len(s.underWay)+len(s.waiting) > 0 }

// device returns what is known of a device, to change it.
func (s *secret) device(name string) *device {
	d := s.devices[name]
	if d == nil {
		if len(s.devices) >= mostDevices {
			s.forgetDevices()
		}
		d = &device{}
		s.devices[name] = d
	}
	return d
}

// forgetDevices forgets those that wait for nothing, at most half.
func (s *secret) forgetDevices() {
	now := time.Now()
	for _, waiting := range []bool{false, true} {
		for name, d := range s.devices {
			if len(s.devices) > mostDevices/2 && (waiting || !now.Before(d.until)) {
				delete(s.devices, name)
			}
		}
	}
}
