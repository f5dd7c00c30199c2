package account

import (
	"fmt"
	"time"
)

// Why says what holds a login.
type Why int

// What a login waits for.
const (
	HeldDevice    Why = iota // the device, which refused or did not answer the last login
	HeldUser                 // the user name, which has had its refusals of ten minutes
	HeldForOthers            // devices that were not tried yet
)

// Held is the error of a login that must not be tried now.
type Held struct {
	Why    Why
	User   string
	Until  time.Time // when to try again; for HeldForOthers, when to ask again
	Device string    // the device that failed last
	Cause  error     // how it failed
}

func (h *Held) Error() string {
	until := h.Until.UTC().Format(time.RFC3339)
	switch h.Why {
	case HeldUser:
		return fmt.Sprintf("user %q has no login before %s, so as to lock no account: %d logins were refused or not answered within %v, "+
			"the last at %s: %v", h.User, until, tokens, window, h.Device, h.Cause)
	case HeldForOthers:
		return fmt.Sprintf("not tried again before %s, so as to lock no account: devices that user %q was not tried on go first; the last "+
			"login: %v", until, h.User, h.Cause)
	}
	return fmt.Sprintf("not tried again before %s, so as to lock no account; the last login: %v; a changed password, key or username "+
		"is tried at once, unless the user name has had %d refusals within %v", until, h.Cause, tokens, window)
}

// Unwrap returns how the last login failed.
func (h *Held) Unwrap() error { return h.Cause }

// Waiting is the error of a login that waited for others until its time ended. No secret was sent.
type Waiting struct {
	User     string
	Waited   time.Duration
	UnderWay int    // logins of the same secret
	Device   string // the one that has been under way for longest
}

func (w *Waiting) Error() string {
	text := fmt.Sprintf("waited %v for other logins of user %q", w.Waited.Round(time.Millisecond), w.User)
	if w.UnderWay > 0 {
		text += fmt.Sprintf(": %d under way, the oldest at %s", w.UnderWay, w.Device)
	}
	return text + "; without a success in the last minute one login goes first, and each success doubles how many go at once"
}
