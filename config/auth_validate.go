package config

import (
	"strings"

	"golang.org/x/crypto/ssh/knownhosts"
)

// auth checks one auth: it needs a user, a password or key, and one way to verify the device. If it is not for SSH, a certificate may
// replace the user.
func (v *validator) auth(name string, a *Auth) {
	at := v.source(a, a.Position)
	if a.TLSConfig != nil {
		v.tlsConfig(name, a)
	}
	if a.TLSConfig == nil || a.forSSH() {
		v.sshAuth(name, a)
	} else {
		v.notSSHAuth(name, a)
	}
	v.networks("allowed_targets", a.AllowedTargets, at)
}

// sshAuth checks an auth that is for SSH, and perhaps for other transports too.
func (v *validator) sshAuth(name string, a *Auth) {
	at := v.source(a, a.Position)
	if a.Username == "" {
		v.add(at.at("username"), "auth %q has no username; add username:", name)
	}
	if v.password(name, a) == "" && a.PrivateKeyFile == "" {
		v.add(at.at(), "auth %q has nothing to log in with; add password_file, password_env, password_command, password or private_key_file", name)
	}
	v.privateKey(name, a)
	v.hostKeys(name, a)
}

// notSSHAuth checks an auth that is for TLS alone.
func (v *validator) notSSHAuth(name string, a *Auth) {
	at := v.source(a, a.Position)
	for _, key := range setKeys([]option{{"private_key_file", a.PrivateKeyFile != ""}, {"private_key_passphrase_file", a.PrivateKeyPassphraseFile != ""},
		{"legacy_algorithms", a.LegacyAlgorithms}}) {
		v.add(at.at(key), "auth %q has %s, which is for SSH alone, and says nothing of host keys; take it out, or add known_hosts_file or host_key_fingerprints", name, key)
	}
	switch password := v.password(name, a); {
	case password == "" && a.Username != "":
		v.add(at.at("username"), "auth %q has a username without a password; add password_file, password_env, password_command or password, or take the username out", name)
	case password != "" && a.Username == "":
		v.add(at.at(password), "auth %q has %s without a username; add username:", name, password)
	case password == "" && a.TLSConfig.CertFile == "":
		v.add(at.at("tls_config"), "auth %q has nothing to log in with; add cert_file and key_file to its tls_config, or username and password_file for restconf", name)
	}
}

// networks checks the allowed_targets that stand at a place.
func (v *validator) networks(key string, networks []string, at *source) {
	for i, text := range networks {
		if _, err := parseNetwork(text); err != nil {
			v.add(at.at("allowed_targets", i), "%s %q is not a network; write an address or a prefix such as 192.0.2.0/24", key, text)
		}
	}
}

// password checks the password of an auth, and returns the key that gives it; "" for none.
func (v *validator) password(name string, a *Auth) string {
	at := v.source(a, a.Position)
	given := setKeys([]option{{"password", a.Password != ""}, {"password_file", a.PasswordFile != ""}, {"password_env", a.PasswordEnv != ""},
		{"password_command", a.PasswordCommand != nil}})
	switch {
	case len(given) > 1:
		v.add(at.at(given[1]), "auth %q has %s; keep one of them", name, strings.Join(given, " and "))
	case len(given) == 0:
		return ""
	case a.PasswordCommand != nil && (len(a.PasswordCommand) == 0 || a.PasswordCommand[0] == ""):
		v.add(at.at("password_command"), "password_command is empty; write the program and its arguments, such as [pass, show, network]")
	case a.PasswordCommand != nil && a.Stored:
		v.add(at.at("password_command"), "a stored auth runs no program; use password_file")
	default:
		if _, err := v.keys.Password(a); err != nil {
			v.add(at.at(given[0]), "%v", err)
		}
	}
	return given[0]
}

func (v *validator) privateKey(name string, a *Auth) {
	at := v.source(a, a.Position)
	if a.PrivateKeyFile == "" && a.PrivateKeyPassphraseFile != "" {
		v.add(at.at("private_key_passphrase_file"), "auth %q has a passphrase but no key; add private_key_file", name)
	}
	if _, err := v.keys.Signer(a); err != nil {
		v.add(at.at("private_key_file"), "%v", err)
	}
}

func (v *validator) hostKeys(name string, a *Auth) {
	at := v.source(a, a.Position)
	given := setKeys([]option{{"known_hosts_file", a.KnownHostsFile != ""}, {"host_key_fingerprints", len(a.HostKeyFingerprints) > 0},
		{"insecure_ignore_host_key", a.InsecureIgnoreHostKey}})
	switch {
	case len(given) == 0:
		v.add(at.at(), "auth %q does not say how a device's host key is checked; add known_hosts_file or host_key_fingerprints "+
			"(netconf_exporter hostkey ADDRESS prints what goes there), or insecure_ignore_host_key: true", name)
	case len(given) > 1:
		v.add(at.at(given[1]), "auth %q has %s; keep one of them", name, strings.Join(given, " and "))
	}
	v.fingerprints(a.HostKeyFingerprints, at)
	if a.KnownHostsFile == "" {
		return
	}
	if err := v.keys.CheckKnownHosts(a); err != nil {
		v.add(at.at("known_hosts_file"), "%v", err)
	} else if _, err := knownhosts.New(a.KnownHostsFile); err != nil {
		v.add(at.at("known_hosts_file"), "known_hosts_file is not valid: %s; netconf_exporter hostkey ADDRESS prints the lines it should have",
			strings.ReplaceAll(err.Error(), "knownhosts: ", ""))
	}
}

// fingerprints checks the host_key_fingerprints that stand at a place.
func (v *validator) fingerprints(fingerprints []string, at *source) {
	for i, text := range fingerprints {
		if !isFingerprint(text) {
			v.add(at.at("host_key_fingerprints", i), "host key fingerprint %s is not of the form SHA256: and 43 characters; "+
				"netconf_exporter hostkey ADDRESS prints it", quoteFingerprint(text))
		}
	}
}

// option is a key of which only one may be set.
type option struct {
	key string
	set bool
}

// setKeys lists the keys that are set.
func setKeys(options []option) []string {
	var keys []string
	for _, o := range options {
		if o.set {
			keys = append(keys, o.key)
		}
	}
	return keys
}
