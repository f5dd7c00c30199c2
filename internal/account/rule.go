package account

import (
	"math/rand/v2"
	"slices"
	"time"
)

const (
	refusedWait    = 5 * time.Minute  // of a device after its first refusal; it doubles
	unansweredWait = time.Minute      // of a device after the first login without an answer; it doubles
	mostWait       = 30 * time.Minute // the longest of both
)

// delay is how long a device waits after its last failure. Up to a fifth is added at random, so that devices that failed at the
// same time are not tried at the same time.
func delay(first time.Duration, failuresBefore int) time.Duration {
	wait := first
	for range failuresBefore {
		wait = min(2*wait, mostWait)
	}
	return wait + rand.N(wait/5)
}

// failed makes the device wait.
func (d *device) failed(cause error, wait time.Duration) {
	d.until, d.cause = time.Now().Add(delay(wait, d.failures)), cause
	d.failures++
}

// tokens is how many refusals the user name may still have.
func (u *user) tokens(now time.Time) int {
	left := 0
	for _, s := range u.spent {
		if s.at.IsZero() || now.Sub(s.at) >= window {
			left++
		}
	}
	return left
}

// spend takes a token. Logins that were under way may take more than there are: the last ones count.
func (u *user) spend(token spent) {
	copy(u.spent[:], u.spent[1:])
	u.spent[tokens-1] = token
}

// parallel is how many logins may be under way.
func (s *secret) parallel() int {
	now := time.Now()
	switch {
	case s.atOnce == 0 || !s.succeeded(now):
		s.atOnce = 1
	case len(s.underWay) == 0 && now.Sub(s.lastEnd) >= idle:
		// Much may have changed since: as many go first as there are tokens.
		s.atOnce = min(s.atOnce, tokens)
	}
	return s.atOnce
}

// admit lets those of the user's logins go for which there is room.
func (u *user) admit() {
	for _, s := range u.secrets {
		for len(s.waiting) > 0 {
			at := s.next()
			next := s.waiting[at]
			if !s.hasRoom(u, next) {
				break
			}
			s.waiting = slices.Delete(s.waiting, at, at+1)
			next.began = time.Now()
			s.underWay = append(s.underWay, next)
			delete(s.untried, next.device)
			next.decision <- nil
		}
	}
}

// turnAway ends the waiting of the user's logins that must not be tried now. Only a failed login makes more of them such, and many may wait.
func (u *user) turnAway() {
	for _, s := range u.secrets {
		s.waiting = slices.DeleteFunc(s.waiting, func(l *Login) bool {
			held := s.check(u, l.User, l.device)
			if held != nil {
				l.decision <- held
			}
			return held != nil
		})
	}
}

// hasRoom reports whether one more login may be under way.
func (s *secret) hasRoom(u *user, l *Login) bool {
	now := time.Now()
	if len(s.underWay) < s.parallel() {
		return s.succeeded(now) || s.trusts(s.devices[l.device]) || u.atRisk(now) < u.tokens(now)
	}
	return now.Sub(s.underWay[len(s.underWay)-1].began) >= silent && u.atRisk(now) < u.tokens(now)
}

// atRisk is how many logins are under way with secrets that had no success in the last minute.
func (u *user) atRisk(now time.Time) (logins int) {
	for _, s := range u.secrets {
		if !s.succeeded(now) {
			logins += len(s.underWay)
		}
	}
	return logins
}

// succeeded reports whether the secret had a success in the last minute.
func (s *secret) succeeded(now time.Time) bool {
	return !s.lastSuccess.IsZero() && now.Sub(s.lastSuccess) < recent
}

// trusts reports whether a device may be tried without a token.
func (s *secret) trusts(d *device) bool { return d != nil && d.proven && s.doubt < mostDoubt }

// next is which of those that wait goes next: to a device that has not failed, if there is one, and of those the one that waits longest.
func (s *secret) next() int {
	for i, l := range s.waiting {
		if d := s.devices[l.device]; d == nil || d.failures == 0 {
			return i
		}
	}
	return 0
}

// check returns why a login must not be tried now, or nil.
func (s *secret) check(u *user, userName, deviceName string) *Held {
	now := time.Now()
	d := s.devices[deviceName]
	if d != nil && now.Before(d.until) {
		return &Held{Why: HeldDevice, User: userName, Until: d.until, Device: deviceName, Cause: d.cause}
	}
	if s.trusts(d) {
		return nil
	}
	if u.tokens(now) == 0 {
		if d == nil || d.failures == 0 {
			s.wants(deviceName, now)
		}
		last := u.spent[tokens-1]
		return &Held{Why: HeldUser, User: userName, Until: u.spent[0].at.Add(window), Device: last.device, Cause: last.cause}
	}
	if d != nil && d.failures > 0 && s.othersWant(now) {
		return &Held{Why: HeldForOthers, User: userName, Until: now.Add(recent), Device: deviceName, Cause: d.cause}
	}
	return nil
}

// wants notes that a device which was never tried waits for a token.
func (s *secret) wants(deviceName string, now time.Time) {
	if deviceName == "" {
		return
	}
	if s.untried == nil || len(s.untried) >= mostDevices {
		s.untried = map[string]time.Time{}
	}
	s.untried[deviceName] = now
}

// othersWant reports whether a device that was never tried waits for a token. Devices that have not asked for long do not count.
func (s *secret) othersWant(now time.Time) bool {
	for name, asked := range s.untried {
		if now.Sub(asked) < 2*window {
			return true
		}
		delete(s.untried, name)
	}
	return false
}

// end removes a login from those under way; false if it is not one of them.
func (s *secret) end(l *Login) bool {
	before := len(s.underWay)
	s.underWay = remove(s.underWay, l)
	if len(s.underWay) == before {
		return false
	}
	s.lastEnd = time.Now()
	return true
}

func remove(from []*Login, l *Login) []*Login {
	return slices.DeleteFunc(from, func(each *Login) bool { return each == l })
}
