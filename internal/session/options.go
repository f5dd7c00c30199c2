package session

import (
	"log/slog"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// Timeouts bound the phases of a dial, inside the caller's own deadline. A field that is 0 has its default.
type Timeouts struct {
	Connect time.Duration // name resolution and TCP: 10 s
	Login   time.Duration // SSH banner, key exchange and login: 20 s
	Hello   time.Duration // the netconf subsystem and both hellos: 20 s

	KeepaliveInterval time.Duration // between two keepalives of an idle session: 30 s
	KeepaliveAnswer   time.Duration // how long the device has to answer one before its session is closed: 15 s

	CertificateAgain time.Duration // how long a session lasts whose device's certificate expires soon: a day
}

func (t Timeouts) withDefaults() Timeouts {
	for field, value := range map[*time.Duration]time.Duration{
		&t.Connect: 10 * time.Second, &t.Login: 20 * time.Second, &t.Hello: 20 * time.Second,
		&t.KeepaliveInterval: 30 * time.Second, &t.KeepaliveAnswer: 15 * time.Second, &t.CertificateAgain: 24 * time.Hour,
	} {
		if *field == 0 {
			*field = value
		}
	}
	return t
}

// Options say what a Client connects to and how.
type Options struct {
	Target *config.Target
	Auth   *config.Auth
	Dialer *Dialer // shared by all clients; nil: no limit, and no account is shared
	Logger *slog.Logger
	// RequireAllowed refuses addresses outside the auth's allowed_targets. It is set for targets that are not configured.
	RequireAllowed bool
	// Via are the jump hosts on the way to the target, the one that is dialled first. They need a Dialer.
	Via      []config.NamedJumpHost
	Timeouts Timeouts
}

// accounts are shared by all clients of the Dialer.
func (o Options) accounts() *account.Accounts {
	if o.Dialer == nil {
		return &account.Accounts{}
	}
	return &o.Dialer.accounts
}
