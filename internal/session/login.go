package session

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// login is one attempt to log in. It offers each secret of the auth once. A refused password is not tried again by
// keyboard-interactive, because two refusals for one login would lock accounts twice as fast. The password is sent a second time
// only if the server says that a method succeeded in part (RFC 4252 section 5.1).
type login struct {
	*credentials
	connection *connection

	accepted         []string // methods that the server accepts, by its last message
	tried            []string // methods that we offered, in order
	partialSuccesses int      // methods that succeeded in part
	passwordSent     bool
	refused          error // set if no method is left to offer
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
	switch {
	case accepts("publickey") && len(l.signers) > 0:
		l.tried = append(l.tried, "publickey")
		return ssh.PublicKeys(l.signers...), nil
	case accepts("password") && l.password != "" && !l.passwordSent:
		l.tried, l.passwordSent = append(l.tried, "password"), true
		return ssh.Password(l.password), nil
	case accepts("keyboard-interactive") && l.password != "" && !l.passwordSent:
		l.tried = append(l.tried, "keyboard-interactive")
		return ssh.KeyboardInteractive(l.keyboardInteractive()), nil
	}
	l.refused = l.refusal()
	return nil, l.refused
}

// keyboardInteractive answers the prompts of keyboard-interactive: the password where the input is hidden, else the username. If a
// prompt is repeated, its answer was refused.
func (l *login) keyboardInteractive() ssh.KeyboardInteractiveChallenge {
	const mostPrompts = 20
	var answered []string
	return func(_, _ string, prompts []string, echos []bool) ([]string, error) {
		answers := make([]string, len(prompts))
		for i := range prompts {
			if echos[i] {
				answers[i] = l.username
				continue
			}
			if slices.Contains(answered, prompts[i]) || len(answered) >= mostPrompts {
				return nil, errLoginRefused
			}
			answers[i], l.passwordSent = l.password, true
		}
		answered = append(answered, prompts...)
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
	if !l.secretSent() {
		remedy = "give the auth a secret that the device accepts"
	}
	return fmt.Errorf("%w for user %q: the device accepts [%s], the auth has [%s], tried [%s]; %s", errLoginRefused,
		l.username, strings.Join(l.accepted, " "), strings.Join(have, " "), strings.Join(l.tried, " "), remedy)
}
