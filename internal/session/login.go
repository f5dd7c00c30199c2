package session

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// login is one attempt to log in. It offers each secret of the auth once. A refused password is not tried again by
// keyboard-interactive, because two refusals for one login would lock accounts twice as fast. The password is sent a second time
// only if the server says that a method succeeded in part (RFC 4252 section 5.1).
type login struct {
	*credentials
	connection *connection

	admit       func() (*account.Login, error) // waits until a secret may be sent
	entry       *account.Login                 // nil until then
	notAdmitted error

	accepted         []string // methods that the server accepts, by its last message
	tried            []string // methods that we offered, in order
	partialSuccesses int      // methods that succeeded in part
	passwordSent     bool     // and not accepted in part
	passwords        int      // sent so far
	refused          error    // set if no method is left to offer
}

// secretSent reports whether a secret was sent to the server. If it was, the server may refuse it by closing the connection.
func (l *login) secretSent() bool { return len(l.tried) > 0 }

// nextMethod chooses the next method. It is an ssh.ClientAuthCallback.
func (l *login) nextMethod(state *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	if err := l.connection.readError(); err != nil {
		return nil, err // nothing more can be sent, and nothing was refused by name
	}
	l.accepted = state.AllowedMethods
	if partial := len(state.PartialSuccessMethods); partial > l.partialSuccesses {
		l.partialSuccesses = partial
		if state.PartialSuccessMethods[partial-1] != "publickey" {
			l.passwordSent = false
		}
	}
	accepts := func(method string) bool {
		return slices.Contains(l.accepted, method) && !slices.Contains(l.tried, method)
	}
	var name string
	var method ssh.AuthMethod
	switch {
	case accepts("publickey") && len(l.signers) > 0:
		name, method = "publickey", ssh.PublicKeys(l.signers...)
	case accepts("password") && l.password != "" && !l.passwordSent:
		name, method = "password", ssh.PasswordCallback(l.sendPassword)
	case accepts("keyboard-interactive") && l.password != "" && !l.passwordSent:
		name, method = "keyboard-interactive", ssh.KeyboardInteractive(l.keyboardInteractive())
	default:
		l.refused = l.refusal()
		return nil, l.refused
	}
	if err := l.enter(); err != nil {
		return nil, err
	}
	l.tried = append(l.tried, name)
	return method, nil
}

// enter waits before the first secret until it may be sent. The device may hang up meanwhile.
func (l *login) enter() error {
	if l.entry != nil {
		return nil
	}
	if l.entry, l.notAdmitted = l.admit(); l.notAdmitted != nil {
		return l.notAdmitted
	}
	return l.connection.readError()
}

// end tells the account how the login ended: err is nil after a success.
func (l *login) end(err error) {
	switch {
	case l.entry == nil: // no secret was sent
	case err == nil:
		l.entry.Succeeded()
	case l.refused != nil && l.secretSent():
		l.entry.Refused(err)
	case l.passwords > 0:
		l.entry.Unanswered(err)
	case l.secretSent() && reasonOf(err) == ReasonAuth:
		l.entry.HungUp(err)
	default:
		l.entry.Cancelled()
	}
}

func (l *login) sendPassword() (string, error) {
	l.passwordSent = true
	l.passwords++
	return l.password, nil
}

// keyboardInteractive answers the prompts of keyboard-interactive: the password where the input is hidden, else the username. It
// gives one hidden answer: a second prompt, whatever its text, means that the first answer was refused or that the device wants
// something else.
func (l *login) keyboardInteractive() ssh.KeyboardInteractiveChallenge {
	const mostRounds, mostPrompts = 10, 20
	rounds, asked, answered := 0, 0, false
	return func(_, _ string, prompts []string, echos []bool) ([]string, error) {
		rounds++
		asked += len(prompts)
		hidden := 0
		for _, echo := range echos {
			if !echo {
				hidden++
			}
		}
		switch {
		case hidden > 1, hidden == 1 && answered:
			return nil, errLoginRefused
		case rounds > mostRounds, asked > mostPrompts:
			return nil, errLoginRefused
		}
		answers := make([]string, len(prompts))
		for i, echo := range echos {
			if echo {
				answers[i] = l.username
				continue
			}
			answered = true
			answers[i], _ = l.sendPassword()
		}
		return answers, nil
	}
}

// refusal returns an error that says what both sides offered.
func (l *login) refusal() error {
	var have []string
	if len(l.signers) > 0 {
		have = append(have, "publickey")
	}
	if l.password != "" {
		have = append(have, "password", "keyboard-interactive")
	}
	remedy := "check username, password and key"
	if l.noSHA1 {
		remedy += ", or set legacy_algorithms: true if the device takes RSA keys with SHA-1 only"
	}
	switch {
	case l.partialSuccesses > 0 && l.password == "":
		remedy = "the key was accepted, and the device wants a password besides: give the auth that too"
	case !l.secretSent():
		remedy = "give the auth a secret that the device accepts"
	}
	return fmt.Errorf("%w for user %q: the device accepts [%s], the auth has [%s], tried [%s]; %s", errLoginRefused,
		l.username, strings.Join(l.accepted, " "), strings.Join(have, " "), strings.Join(l.tried, " "), remedy)
}
