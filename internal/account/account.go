// Package account decides when a login may send its secret, so that a wrong secret locks no account and a slow authentication
// server is not flooded. It knows a secret by user name and digest, and a device by a text such as its address and port. It
// knows no protocol and does no I/O: SSH, TLS and HTTP logins follow the same rule. An answer 401 is a refused login.
//
// The rule, over all devices:
//
//   - Without a success of a secret in the last minute, one login goes first. Each success doubles how many may be under way, up to
//     64. A refusal sets it back to 1. The other logins wait in Begin.
//   - A refused login, and one that the device did not answer, takes one of the two tokens of its user name. A token comes back after
//     ten minutes. Without tokens, a secret goes only to devices that it has logged in to before, and not even there once such
//     devices refuse it too. The next login goes to a device that was not tried yet, if there is one.
//   - The device that refused waits besides: minutes after a refusal, one minute after no answer, longer each time.
package account

import (
	"context"
	"crypto/sha256"
	"strings"
	"sync"
	"time"
)

const (
	tokens     = 2                // refusals of one user name
	window     = 10 * time.Minute // in this time
	recent     = time.Minute      // with a success younger than this, several logins may be under way
	mostAtOnce = 64               // logins of one secret under way
	idle       = time.Second      // after this time without a login under way, at most two go first
	silent     = 3 * time.Second  // a login that takes longer holds back no other one while there are tokens for both

	// A refusal weighs as much as two logins without an answer, because devices that restart give many of those.
	refusalDoubt, silenceDoubt, mostDoubt = 2, 1, 4
)

// Secret identifies a user name and its password, key or certificate, without keeping the latter.
type Secret struct {
	User   string
	Digest [sha256.Size]byte // of all that is sent or proved at a login
}

// Accounts keep what is known of all secrets. The zero value is ready to use. It is safe for concurrent use.
type Accounts struct {
	mu    sync.Mutex // guards all that it leads to
	users map[string]*user
}

// user is what is known of one user name.
type user struct {
	lastUse time.Time
	spent   [tokens]spent // the last tokens, the oldest first
	secrets map[[sha256.Size]byte]*secret
}

// spent is a token that was taken; zero if it never was.
type spent struct {
	at     time.Time
	device string
	cause  error
}

// secret is what is known of one secret of a user.
type secret struct {
	lastUse     time.Time
	atOnce      int // how many logins may be under way; 0 counts as 1
	lastSuccess time.Time
	lastEnd     time.Time // when the last login ended
	doubt       int       // grows when devices that it has logged in to refuse it; a success resets it
	underWay    []*Login  // the oldest first
	waiting     []*Login  // the oldest first
	devices     map[string]*device
	untried     map[string]time.Time // devices that wait for a token and were never tried: when they last asked
}

// device is what is known of one device and one secret.
type device struct {
	proven   bool // the secret has logged in
	failures int  // refused or unanswered logins since the last success
	until    time.Time
	cause    error // of the last failure
}

// Login is one login. It is under way from Begin until one of its other methods is called; a second call has no effect.
type Login struct {
	accounts *Accounts
	Secret
	device   string
	began    time.Time  // when it was admitted
	decision chan error // tells a waiting login what was decided
	passed   bool       // see Passed; the accounts' mu guards it
}

// Begin waits until the secret may be sent to the device. Call it right before the secret is sent. Errors are *Held when the
// login must not be tried now, and *Waiting when ctx ended first.
func (a *Accounts) Begin(ctx context.Context, s Secret, deviceName string) (*Login, error) {
	l := &Login{accounts: a, Secret: s, device: deviceName, decision: make(chan error, 1)}
	asked := time.Now()
	a.mu.Lock()
	u, known := a.find(s)
	held := known.check(u, s.User, deviceName)
	if held == nil {
		known.waiting = append(known.waiting, l)
		u.admit()
	}
	a.mu.Unlock()
	if held != nil {
		return nil, held
	}
	look := time.NewTicker(silent)
	defer look.Stop()
	for {
		select {
		case err := <-l.decision:
			if err != nil {
				return nil, err
			}
			return l, nil
		case <-look.C:
			a.mu.Lock()
			u.turnAway()
			u.admit()
			a.mu.Unlock()
		case <-ctx.Done():
			return nil, a.leave(u, known, l, asked)
		}
	}
}

// leave ends the waiting of a login.
func (a *Accounts) leave(u *user, s *secret, l *Login, asked time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := &Waiting{User: l.User, Waited: time.Since(asked)}
	if len(s.underWay) > 0 {
		err.UnderWay, err.Device = len(s.underWay), s.underWay[0].device
	}
	select {
	case held := <-l.decision: // decided meanwhile
		if held != nil {
			return held
		}
		s.end(l)
	default:
		s.waiting = remove(s.waiting, l)
	}
	u.admit()
	return err
}

// Check returns *Held if a login must not be tried now, else nil. Call it before connecting to the device, so that the device
// sees no connection without a login.
func (a *Accounts) Check(s Secret, deviceName string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	u, known := a.find(s)
	if held := known.check(u, s.User, deviceName); held != nil {
		return held
	}
	delete(known.untried, deviceName) // it is tried now; if it is dead, the others need not wait for it
	return nil
}

// Succeeded ends a login that the device accepted.
func (l *Login) Succeeded() {
	l.end(func(_ *user, s *secret, d *device) {
		s.atOnce = min(2*s.parallel(), mostAtOnce)
		s.lastSuccess, s.doubt = time.Now(), 0
		*d = device{proven: true}
	})
}

// Passed says that the secret was taken, by all that can be seen, though the device has not said so: it is at what comes after the login. Other
// logins wait no longer for this one. What it is in the end still counts.
func (l *Login) Passed() { l.end(func(*user, *secret, *device) { l.passed = true }) }

// Refused ends a login that the device refused. Cause becomes part of errors; it holds no secret.
func (l *Login) Refused(cause error) { l.failed(cause, refusedWait, refusalDoubt) }

// Unanswered ends a login whose password was sent, and which the device did not answer or answered by ending the connection: that
// may be a refusal.
func (l *Login) Unanswered(cause error) { l.failed(cause, unansweredWait, silenceDoubt) }

func (l *Login) failed(cause error, wait time.Duration, doubt int) {
	l.end(func(u *user, s *secret, d *device) {
		u.spend(spent{time.Now(), l.device, cause})
		s.atOnce = 1
		if d.proven {
			s.doubt += doubt
			d.proven = doubt < refusalDoubt && d.failures == 0
		}
		d.failed(cause, wait)
		u.turnAway()
	})
}

// HungUp ends a login without a password that the device answered by ending the connection. It costs no token: servers do not
// lock accounts because of keys. Only the device waits.
func (l *Login) HungUp(cause error) {
	l.end(func(u *user, _ *secret, d *device) {
		d.failed(cause, unansweredWait)
		u.turnAway()
	})
}

// Cancelled ends a login whose secret was not sent, or which ended without saying anything about it.
func (l *Login) Cancelled() { l.end(func(*user, *secret, *device) {}) }

// end ends a login and admits those that wait for it.
func (l *Login) end(learn func(*user, *secret, *device)) {
	a := l.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	u, s := a.find(l.Secret)
	if !s.end(l) && !l.passed {
		return
	}
	l.passed = false
	learn(u, s, s.device(l.device))
	u.admit()
}

// Stats are numbers over all secrets.
type Stats struct {
	UnderWay int // logins whose secret is being sent or was sent and not answered yet
	Waiting  int // logins that wait for those
	Held     int // user names without tokens
}

// Stats counts the logins of all secrets.
func (a *Accounts) Stats() (now Stats) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, u := range a.users {
		if u.tokens(time.Now()) == 0 {
			now.Held++
		}
		for _, s := range u.secrets {
			now.UnderWay += len(s.underWay)
			now.Waiting += len(s.waiting)
		}
	}
	return now
}

// fold makes user names equal that authentication servers take for the same.
func fold(user string) string { return strings.ToLower(strings.TrimSpace(user)) }
