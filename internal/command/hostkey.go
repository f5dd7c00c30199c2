package command

import (
	"cmp"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// HostKey prints the host keys of an SSH server in the two formats that an auth accepts, or the certificates of a TLS server. It does not log in.
type HostKey struct {
	Address   string           // host or host:port; the default port is that of Transport
	Transport config.Transport // "": ssh
	CallHome  string           // address to wait at for a device that calls, in place of Address; "": none
	ProxyJump string           // jump host of the configuration to go through; "": none
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
	if over := cmp.Or(h.Transport, config.TransportSSH); over != config.TransportSSH {
		cfg.Defaults.Transport = &over
		cfg.Auths[noAuth] = &config.Auth{TLSConfig: &config.TLSConfig{CertFile: "none", InsecureSkipVerify: true}} // fits any; nothing of it is used
	}
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
	if target.Over() != config.TransportSSH {
		return h.certificates(ctx, env, target, via)
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

// certificates prints those of a TLS server in PEM form, as a ca_file has them, with what they say as comments.
func (h *HostKey) certificates(ctx context.Context, env *Environment, target *config.Target, via []config.NamedJumpHost) error {
	shown, err := session.ScanCertificates(ctx, target, via)
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	for i, c := range shown {
		names := slices.Clone(c.DNSNames)
		for _, ip := range c.IPAddresses {
			names = append(names, ip.String())
		}
		_, _ = fmt.Fprintf(env.Stdout, "# certificate %d of %d: %q\n#   for: %q\n#   issued by: %q\n#   valid: %s to %s\n#   fingerprint: %s\n", i+1, len(shown),
			c.Subject.String(), names, c.Issuer.String(), c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339), config.CertificateFingerprint(c.Raw))
		if err := pem.Encode(env.Stdout, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(env.Stdout, "# Compare a fingerprint with what the device says. Then write that of the first as certificate_fingerprints of the target: for this device alone,\n"+
		"# until it is renewed. Or keep the last certificate, if it is an authority's, as ca_file, for all that it issues: server_name, where it is needed, is one\n"+
		"# of the names of the first.")
	return err
}

// await waits for a device to call, and prints its host key, or what its certificate says.
func (h *HostKey) await(ctx context.Context, env *Environment) error {
	var home session.CallHome
	defer home.Close()
	if err := home.Listen(cmp.Or(h.Transport, config.TransportSSH), h.CallHome); err != nil {
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
			if caller.Transport == config.TransportTLS {
				_, err := fmt.Fprintf(env.Stdout, "# called from %s with the %s; for its target:\n# call_home: true\n# transport: tls\ncertificate_fingerprints: [\"%s\"]\n",
					caller.Address, oneLine(caller.KeyType), caller.Fingerprint)
				return err
			}
			_, err := fmt.Fprintf(env.Stdout, "# called from %s; for its target:\n# call_home: true\nhost_key_fingerprints: [\"%s\"] # %s\n", caller.Address, caller.Fingerprint, caller.KeyType)
			return err
		}
	}
}
