package session

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// jumpHosts are those in use, by their content and that of the ones in front of them.
type jumpHosts struct {
	mu    sync.Mutex
	byKey map[string]*jumpHost
}

// jump returns the last of a chain of jump hosts. The caller releases it.
func (d *Dialer) jump(o Options) *jumpHost {
	key := jumpKey(o.Via, o.Target)
	h := &d.jumps
	h.mu.Lock()
	defer h.mu.Unlock()
	j := h.byKey[key]
	if j == nil {
		j = d.newJump(o, func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			if h.byKey[key] == j && j.unused() {
				delete(h.byKey, key)
				j.close()
			}
		})
		if h.byKey == nil {
			h.byKey = map[string]*jumpHost{}
		}
		h.byKey[key] = j
	}
	j.use()
	return j
}

// jumpKey identifies a jump host by everything that its connection depends on, including secrets and the target's proxy.
func jumpKey(via []config.NamedJumpHost, t *config.Target) string {
	digest := sha256.New()
	if t.ProxyURL != nil {
		digest.Write([]byte(t.ProxyURL.Reveal()))
	}
	for _, jump := range via {
		host, auth := *jump.Host, *jump.Auth
		host.Position, auth.Position, auth.AllowedTargets = config.Position{}, config.Position{}, nil
		content, _ := json.Marshal([]any{jump.Name, host, auth, auth.Password.Reveal()}) // plain data
		digest.Write(content)
	}
	return string(digest.Sum(nil))
}

// close ends the connections to all jump hosts.
func (h *jumpHosts) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, j := range h.byKey {
		j.idle.Stop()
		j.close()
	}
	h.byKey = nil
}

func (d *Dialer) newJump(o Options, unused func()) *jumpHost {
	last := o.Via[len(o.Via)-1]
	o.Timeouts = o.Timeouts.withDefaults() // the first who comes may look at a host key alone, and have set none
	target := &config.Target{Name: "jump host " + last.Name, Address: last.Host.Address, Auth: last.Host.Auth, Settings: config.Settings{Port: new(jumpPort), ProxyURL: o.Target.ProxyURL}}
	options := Options{Target: target, Auth: last.Auth, Dialer: d, Logger: o.Logger, Via: o.Via[:len(o.Via)-1], Timeouts: o.Timeouts}
	j := &jumpHost{name: last.Name, timeouts: o.Timeouts, logger: o.Logger}
	j.life, j.end = context.WithCancel(context.Background())
	j.idle = time.AfterFunc(jumpIdle, unused)
	if last.Host.MaxChannels > 0 {
		j.channels = make(chan struct{}, last.Host.MaxChannels)
	}
	device := options.knownDevice(target.HostPort()) // from the first connection on, what the accounts know it by
	j.open = func(ctx context.Context) (*connection, *ssh.Client, error) {
		credentials, err := readCredentials(config.TransportSSH, last.Auth, d.keyring())
		if err != nil {
			return nil, nil, credentialsError(last.Host.Auth, err)
		}
		attempt := &dial{Options: options, hostPort: target.HostPort(), timeouts: o.Timeouts, credentials: credentials, accounts: &d.accounts, forwards: true}
		if device != "" {
			if err := d.accounts.Check(credentials.account(), device); err != nil {
				return nil, nil, accountError(err)
			}
		}
		release, err := attempt.enter(ctx)
		if err != nil {
			return nil, nil, err
		}
		defer release()
		defer func() { device = cmp.Or(attempt.device, device) }()
		keys, err := newHostKeyPolicy(target, last.Auth)
		if err != nil {
			return nil, nil, err
		}
		return attempt.loginSSH(ctx, keys)
	}
	return j
}

// SameWay reports whether two targets are reached through the same chain of jump hosts and the same proxy.
func SameWay(a *config.Target, viaA []config.NamedJumpHost, b *config.Target, viaB []config.NamedJumpHost) bool {
	return jumpKey(viaA, a) == jumpKey(viaB, b)
}
