package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// HostKey prints the host keys of a server in the two formats that an auth accepts. It does not log in.
type HostKey struct {
	Address   string // host or host:port; the default port is 830
	CallHome  string // address to wait at for a device that calls, in place of Address; "": none
	ProxyJump string // jump host of the configuration to go through; "": none
	ProxyURL  config.ProxyURL
}

// Run implements Command.
func (h *HostKey) Run(ctx context.Context, env *Environment) error {
	switch {
	case h.CallHome != "" && h.Address != "":
		return errors.New("an address and --call-home are given; keep one of them")
	case h.CallHome != "":
		return h.await(ctx, env)
	case h.Address == "":
		return errors.New("no address is given; write HOST or HOST:PORT, or --call-home=:4334 to wait for a device that calls")
	}
	const noAuth = "hostkey"
	cfg := &config.Config{Auths: map[string]*config.Auth{noAuth: {}}}
	target, err := cfg.AdHoc(h.Address, noAuth)
	if err != nil {
		return err
	}
	if _, err := h.ProxyURL.Proxy(); err != nil {
		return fmt.Errorf("--proxy-url %w", err)
	}
	target.ProxyURL = &h.ProxyURL
	var via []config.NamedJumpHost
	if h.ProxyJump != "" {
		cfg, err := env.load()
		if err != nil {
			return err
		}
		if cfg.JumpHosts[h.ProxyJump] == nil {
			return fmt.Errorf("--proxy-jump=%s is not under jump_hosts; give its address and auth there", h.ProxyJump)
		}
		target.ProxyJump = &h.ProxyJump
		via = cfg.Jumps(target)
	}
	keys, err := session.ScanHostKeys(ctx, target, via)
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	for _, key := range keys {
		_, _ = fmt.Fprintln(env.Stdout, knownhosts.Line([]string{target.HostPort()}, key))
	}
	// As comments, so that the whole output is a valid known_hosts file.
	_, _ = fmt.Fprintln(env.Stdout, "# or as host_key_fingerprints, of which one is enough:")
	for _, key := range keys {
		_, _ = fmt.Fprintf(env.Stdout, "# %s %s\n", ssh.FingerprintSHA256(key), key.Type())
	}
	return nil
}

// await waits for a device to call, and prints its host key.
func (h *HostKey) await(ctx context.Context, env *Environment) error {
	var home session.CallHome
	defer home.Close()
	if err := home.Listen(h.CallHome); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(env.Stderr, "waiting at %s for a device to call; Ctrl-C ends it\n", h.CallHome)
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return errInterrupted
		case <-look.C:
		}
		for _, caller := range home.Unknown() {
			_, err := fmt.Fprintf(env.Stdout, "# called from %s; for its target:\n# call_home: true\nhost_key_fingerprints: [\"%s\"] # %s\n", caller.Address, caller.Fingerprint, caller.KeyType)
			return err
		}
	}
}
