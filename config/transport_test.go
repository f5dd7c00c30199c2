package config_test

import (
	"crypto/tls"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/labcert"
)

// certificateFiles are an authority and a pair that it has signed.
func certificateFiles(t *testing.T) map[string]string {
	t.Helper()
	authority, err := labcert.NewAuthority("lab")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue(labcert.Leaf{Subject: "exporter"})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"ca.pem": string(authority.PEM), "c.pem": string(pair.Certificate), "k.pem": string(pair.Key)}
}

// ways has an auth for each transport.
const ways = `auths:
  lab: {username: u, password: p, insecure_ignore_host_key: true}
  cert: {tls_config: {cert_file: c.pem, key_file: k.pem, ca_file: ca.pem}}
  web: {username: u, password: p, tls_config: {ca_file: ca.pem}}
`

// TestPortOfTransport holds which port a target has that names none.
func TestPortOfTransport(t *testing.T) {
	const targets = `targets:
- {name: ssh, address: a, auth: lab, transport: ssh}
- {name: tls, address: a, auth: cert, transport: tls}
- {name: restconf, address: a, auth: web, transport: restconf}
- {name: own, address: a, auth: web, transport: restconf, port: 8443}
- {name: written, address: "a:6514", auth: cert, transport: tls}
`
	for defaults, want := range map[string]string{
		"":                                      "a:830 a:6513 a:443 a:8443 a:6514",
		"defaults: {port: 22}\n":                "a:22 a:6513 a:443 a:8443 a:6514",
		"defaults: {transport: tls}\n":          "a:830 a:6513 a:443 a:8443 a:6514",
		"defaults: {transport: tls, port: 1}\n": "a:830 a:1 a:443 a:8443 a:6514",
	} {
		files := certificateFiles(t)
		files["netconf.yml"] = ways + defaults + targets
		c, text := load(writeFiles(t, files), "netconf.yml")
		if text != "" {
			t.Fatal(text)
		}
		var got []string
		for _, target := range c.Targets {
			got = append(got, target.HostPort())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("with %q: %s, want %s", defaults, got, want)
		}
		shown, err := c.YAML()
		if err != nil || !strings.Contains(string(shown), "cert_file: ") || strings.Contains(string(shown), "BEGIN") {
			t.Errorf("shown as %s (%v)", shown, err)
		}
	}
}

// TestTransportRefuses lists what does not go together.
func TestTransportRefuses(t *testing.T) {
	target := func(settings string) string { return ways + "targets: [{address: a, " + settings + "}]\n" }
	auth := func(settings string) string { return "auths:\n  x: {" + settings + "}\n" }
	const ownPair = "cert_file: c.pem, key_file: k.pem"
	fingerprint := config.CertificateFingerprint(nil)
	for name, test := range map[string]struct{ file, want string }{
		"unknown":                          {target("auth: lab, transport: telnet"), `5: transport "telnet" is not known; write one of ssh, tls, restconf`},
		"mistyped":                         {ways + "defaults: {transport: rest}\n", `5: transport "rest" is not known; write one of ssh, tls, restconf`},
		"ssh by cert":                      {target("auth: cert"), `5: auth "cert" cannot be used over transport ssh: it does not say how a device's host key is checked; add known_hosts_file, host_key_fingerprints or insecure_ignore_host_key: true to it, or give target "a" another transport or auth`},
		"tls by key":                       {target("auth: lab, transport: tls"), `5: auth "lab" cannot be used over transport tls: it has no certificate of ours; add tls_config with cert_file and key_file to it, or give target "a" another transport or auth`},
		"tls by user":                      {target("auth: web, transport: tls"), `5: auth "web" cannot be used over transport tls: it has no certificate of ours; add tls_config with cert_file and key_file to it, or give target "a" another transport or auth`},
		"restconf":                         {target("auth: lab, transport: restconf"), `5: auth "lab" cannot be used over transport restconf: it does not say how a device's certificate is checked; add tls_config with a ca_file to it, or tls_config: {} for the authorities that the system trusts, or give target "a" another transport or auth`},
		"host keys":                        {target("auth: cert, transport: tls, host_key_fingerprints: [SHA256:Pl1vr6eIpZhJ5Pl1vr6eIpZhJ5Pl1vr6eIpZhJ5Pl1s]"), `5: target "a" has host_key_fingerprints, which transport tls has no use for; take them out, and give the auth tls_config with a ca_file, or the target certificate_fingerprints`},
		"a caller that nobody listens for": {ways + "targets: [{name: r1, auth: cert, transport: tls, call_home: true}]\n", `5: target "r1" calls home and nothing listens; add call_home: {tls_listen_address: ":4335"}`},
		"a caller whose name is none":      {ways + "targets: [{name: branch 1, auth: cert, transport: tls, call_home: true}]\n", `5: target "branch 1" calls home and its name is not one that a certificate can have; name it as its certificate does, or give it certificate_fingerprints, or its auth a server_name`},
		"a caller that may be anyone":      {"auths:\n  x: {tls_config: {" + ownPair + ", insecure_skip_verify: true}}\ntargets: [{name: r1, auth: x, transport: tls, call_home: true}]\n", `3: target "r1" calls home and is known by its certificate alone, which auth "x" does not check; give the auth a ca_file, or the target certificate_fingerprints`},
		"two callers of one name": {"auths:\n  x: {tls_config: {" + ownPair + ", ca_file: ca.pem, server_name: R1}}\ncall_home: {tls_listen_address: ':4335'}\ntargets:\n- {name: r1, auth: x, transport: tls, call_home: true}\n- {name: r2, auth: x, transport: tls, call_home: true}\n",
			`6: certificate name r1 is that of target "r1" too, and a call could be meant for both; take out one of them`},
		"two callers of one certificate": {ways + "call_home: {tls_listen_address: ':4335'}\ntargets:\n- {name: branch 1, auth: cert, transport: tls, call_home: true, certificate_fingerprints: [" + fingerprint + "]}\n- {name: b, auth: cert, transport: tls, call_home: true, certificate_fingerprints: ['" + strings.ToLower(strings.ReplaceAll(fingerprint, ":", ""))[len("sha256"):] + "']}\n",
			`8: ` + fingerprint + ` is that of target "branch 1" too, and a call could be meant for both; take out one of them`},
		"certificates over SSH": {target("auth: lab, certificate_fingerprints: [" + fingerprint + "]"), `5: target "a" has certificate_fingerprints, which transport ssh has no use for; take them out, or give it transport: tls or restconf`},
		"half a fingerprint":    {target("auth: web, transport: restconf, certificate_fingerprints: ['AA:BB:CC']"), `5: certificate fingerprint "AA:BB:CC" is not of the form SHA256: and 64 hexadecimal digits, with colons or without; netconf_exporter hostkey --transport=restconf a prints it`},
		"no fingerprint at all": {target("auth: cert, transport: tls, certificate_fingerprints: [hunter2]"), `5: certificate fingerprint (not shown, because it may be a secret) is not of the form SHA256: and 64 hexadecimal digits, with colons or without; netconf_exporter hostkey --transport=tls a prints it`},
		"jump host":             {ways + "jump_hosts: {j: {address: a, auth: cert}}\n", `5: auth "cert" cannot be used for jump host "j", which is an SSH server: it does not say how a device's host key is checked; add known_hosts_file, host_key_fingerprints or insecure_ignore_host_key: true to it`},
		"no authority":          {auth("tls_config: {"+ownPair+"}") + "targets: [{address: a, auth: x, transport: tls}]\n", `3: auth "x" cannot be used over transport tls: it does not say how a device's certificate is checked; add ca_file to its tls_config (netconf_exporter hostkey --transport=tls ADDRESS prints what goes there), or insecure_skip_verify: true, or certificate_fingerprints to the target, or give target "a" another transport or auth`},
		"no key":                {auth("tls_config: {cert_file: c.pem}"), `2: auth "x" has a cert_file without a key_file; add the private key that belongs to the certificate`},
		"no certificate": {auth("tls_config: {key_file: k.pem}"), `2: auth "x" has a key_file without a cert_file; add the certificate that belongs to the key
2: auth "x" has nothing to log in with; add cert_file and key_file to its tls_config, or username and password_file for restconf`},
		"nothing":             {auth("tls_config: {ca_file: ca.pem}"), `2: auth "x" has nothing to log in with; add cert_file and key_file to its tls_config, or username and password_file for restconf`},
		"no password":         {auth("username: u, tls_config: {ca_file: ca.pem}"), `2: auth "x" has a username without a password; add password_file, password_env, password_command or password, or take the username out`},
		"no user":             {auth("password: p, tls_config: {ca_file: ca.pem}"), `2: auth "x" has password without a username; add username:`},
		"key of SSH":          {auth("legacy_algorithms: true, tls_config: {" + ownPair + "}"), `2: auth "x" has legacy_algorithms, which is for SSH alone, and says nothing of host keys; take it out, or add known_hosts_file or host_key_fingerprints`},
		"checked and not":     {auth("tls_config: {" + ownPair + ", ca_file: ca.pem, insecure_skip_verify: true}"), `2: auth "x" has ca_file and insecure_skip_verify; keep one of them`},
		"name and not":        {auth("tls_config: {" + ownPair + ", server_name: r1, insecure_skip_verify: true}"), `2: auth "x" has server_name, and with insecure_skip_verify no name is checked; keep one of them`},
		"version":             {auth("tls_config: {" + ownPair + ", min_version: 1.2}"), `2: min_version is not a version of TLS; write TLS12 or TLS13`},
		"last version":        {auth("tls_config: {" + ownPair + ", max_version: tls13}"), `2: max_version is not a version of TLS; write TLS12 or TLS13`},
		"no version":          {auth("tls_config: {" + ownPair + ", max_version: TLS11}"), `2: auth "x" allows no version of TLS: max_version is lower than min_version, which is TLS12 where it is left out; change one of them`},
		"authority gone":      {auth("tls_config: {" + ownPair + ", ca_file: gone}"), `2: ca_file gone does not exist; create it or correct the path`},
		"no authority in it":  {auth("tls_config: {" + ownPair + ", ca_file: text}"), `2: ca_file text holds no certificate that can be read; write certificates in PEM form into it`},
		"no certificate in":   {auth("tls_config: {cert_file: text, key_file: k.pem}"), `2: cert_file text holds no certificate that can be read; write our certificate in PEM form into it, and after it those between it and the authority`},
		"key for certificate": {auth("tls_config: {cert_file: c.pem, key_file: hunter2}"), `2: key_file names no file that exists (it is not shown, because it may be the secret itself); write the secret to a file, and name the file with its folder`},
		"no key in":           {auth("tls_config: {cert_file: c.pem, key_file: text}"), `2: key_file text holds no private key that can be read; write it in PEM form`},
		"locked key":          {auth("tls_config: {cert_file: c.pem, key_file: locked.pem}"), `2: key_file locked.pem is protected by a passphrase; write it without one, readable by the exporter's user alone (openssl pkey -in KEY -out NEW)`},
		"another's key":       {auth("tls_config: {cert_file: c.pem, key_file: other.pem}"), `2: cert_file c.pem and key_file other.pem are no pair that can be used; give the certificate of this very key`},
		"unknown key":         {auth("tls_config: {ca: x}"), `2: unknown key "ca"; known here: ca_file, cert_file, key_file, server_name, insecure_skip_verify, min_version, max_version`},
	} {
		t.Run(name, func(t *testing.T) {
			files := certificateFiles(t)
			files["netconf.yml"], files["text"], files["other.pem"] = test.file, "just text\n", certificateFiles(t)["k.pem"]
			files["locked.pem"] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n"
			_, got := load(writeFiles(t, files), "netconf.yml")
			if want := "netconf.yml:" + strings.ReplaceAll(test.want, "\n", "\nnetconf.yml:"); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// TestCertificateFingerprintsStandForAnAuthority has targets that know their devices' certificates, and an auth that trusts none.
func TestCertificateFingerprintsStandForAnAuthority(t *testing.T) {
	files := certificateFiles(t)
	known := "certificate_fingerprints: ['" + config.CertificateFingerprint([]byte("its certificate")) + "']"
	files["netconf.yml"] = "auths: {own: {tls_config: {cert_file: c.pem, key_file: k.pem}}}\ncall_home: {tls_listen_address: ':4335'}\ntargets:\n" +
		"- {name: a, address: 192.0.2.1, auth: own, transport: tls, " + known + "}\n- {name: branch office 1, auth: own, transport: tls, call_home: true, " + known + "}\n"
	c, text := load(writeFiles(t, files), "netconf.yml")
	if text != "" {
		t.Fatal(text)
	}
	if !c.Targets[0].TrustsCertificate([]byte("its certificate")) || c.Targets[0].TrustsCertificate([]byte("another one")) {
		t.Error("it trusts another certificate than the one that it names")
	}
}

// TestTransportOfAuth holds which transport a target has that says nothing of it: the default one, or one that its auth is for.
func TestTransportOfAuth(t *testing.T) {
	for defaults, want := range map[string]string{
		"":                                  "lab:830 cert:6513 web:443",
		"defaults: {transport: restconf}\n": "lab:830 cert:443 web:443",
		"defaults: {port: 22}\n":            "lab:22 cert:6513 web:443",
		"defaults: {transport: tls}\n":      "lab:830 cert:6513 web:443",
	} {
		files := certificateFiles(t)
		files["netconf.yml"] = ways + defaults
		c, text := load(writeFiles(t, files), "netconf.yml")
		if text != "" {
			t.Fatal(text)
		}
		var got []string
		for _, auth := range []string{"lab", "cert", "web"} {
			target, err := c.AdHoc("192.0.2.1", auth)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, strings.Replace(target.HostPort(), "192.0.2.1", auth, 1))
			c.Auths[auth].AllowedTargets = []string{"192.0.2.0/24"}
			c.HTTPSDConfigs = append(c.HTTPSDConfigs, &config.HTTPSD{Auth: auth})
		}
		if strings.Join(got, " ") != want {
			t.Errorf("with %q: %s, want %s", defaults, got, want)
		}
		listed, errs := c.WithDiscovered(func(sd *config.HTTPSD) []config.SDGroup { return []config.SDGroup{{Targets: []string{sd.Auth}}} })
		got = nil
		for _, target := range listed.Targets {
			got = append(got, target.HostPort())
		}
		if errs != nil || strings.Join(got, " ") != want {
			t.Errorf("listed with %q: %s, want %s (%v)", defaults, got, want, errs)
		}
	}
}

// TestTLSFiles holds what is made of tls_config, and that a renewed certificate is taken up.
func TestTLSFiles(t *testing.T) {
	files := certificateFiles(t)
	files["netconf.yml"] = strings.Replace(ways, "ca_file: ca.pem", "ca_file: ca.pem, server_name: r1.example.net, min_version: TLS13", 1)
	dir := writeFiles(t, files)
	c, text := load(dir, "netconf.yml")
	if text != "" {
		t.Fatal(text)
	}
	var keys config.Keyring
	read := func() *tls.Config {
		t.Helper()
		made, err := keys.TLS(c.Auths["cert"])
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	first := read()
	if first.ServerName != "r1.example.net" || first.MinVersion != tls.VersionTLS13 || first.MaxVersion != 0 || first.RootCAs == nil || len(first.Certificates) != 1 {
		t.Errorf("made %+v", first)
	}
	if again := read(); again.RootCAs != first.RootCAs || again.Certificates[0].Leaf != first.Certificates[0].Leaf {
		t.Error("files that did not change were parsed again")
	}
	renewed := certificateFiles(t)
	for name, content := range maps.All(renewed) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if read().Certificates[0].Leaf.Equal(first.Certificates[0].Leaf) {
		t.Error("a renewed certificate is not taken up")
	}
	if made, err := keys.TLS(c.Auths["lab"]); made != nil || err != nil {
		t.Errorf("an auth without tls_config gives %v (%v)", made, err)
	}
}
