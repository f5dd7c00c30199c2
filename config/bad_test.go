package config_test

import (
	"strings"
	"testing"
)

// withAuth is a file with one auth of the given settings.
func withAuth(settings string) string { return "auths:\n  lab: {username: u, " + settings + "}\n" }

// withTarget is a file with one target of the given settings, on line 2.
func withTarget(settings string) string {
	return lab + "targets: [{address: a, auth: lab, " + settings + "}]\n"
}

// withMetric is a file with one catalogue entry of the given settings, on line 3.
func withMetric(name, settings string) string {
	return lab + "catalog:\n  " + name + ": {" + settings + "}\n"
}

const withWeb = "auths: {web: {username: u, password: p, tls_config: {}}}\n"

const key = "SHA256:Pl1vr6eIpZhJ5Pl1vr6eIpZhJ5Pl1vr6eIpZhJ5Pl1s"

const noKeyCheck = "insecure_ignore_host_key: true"

// TestLoadRefuses lists wrong files, each with all that the user is told.
func TestLoadRefuses(t *testing.T) {
	for _, test := range []struct {
		name, file string
		want       string // without the "netconf.yml:" that each line begins with
	}{
		{"empty", "", `1: the file is empty; write auths: and targets: into it`},
		{"only comments", "# nothing yet\n", `1: the file is empty; write auths: and targets: into it`},
		{"null", "---\n", `1: the file is empty; write auths: and targets: into it`},
		{"not a mapping", "- a\n", `1: the file must be a mapping; write "key: value" lines`},
		{"a second document", "auths: {}\n---\ntargets: []\n", `2: a second YAML document (---) begins here; put it in a file of its own`},
		{"unknown section", "auths: {}\ntarget: []\n", `2: unknown key "target" (did you mean targets or target_files?); known here: auths, jump_hosts, call_home, defaults, targets, target_files, http_sd_configs, admin, modules, catalog`},
		{"unknown key of an auth", "auths:\n  lab:\n    user: u\n", `3: unknown key "user" (did you mean username?); known here: username, password, password_file, password_env, password_command, private_key_file, private_key_passphrase_file, known_hosts_file, host_key_fingerprints, insecure_ignore_host_key, legacy_algorithms, tls_config, allowed_targets`},
		{"unknown key of a target", withTarget("adress: b"), `2: unknown key "adress" (did you mean address?); known here: name, address, auth, call_home, transport, port, timeout, max_age, modules, filters, max_reply_bytes, max_samples, proxy_jump, proxy_url, labels, host_key_fingerprints, certificate_fingerprints`},
		{"unknown key of defaults", "defaults:\n  retries: 3\n", `2: unknown key "retries"; known here: transport, port, timeout, max_age, modules, filters, max_reply_bytes, max_samples, proxy_jump, proxy_url, description_labels`},
		{"unknown key of a value", "modules:\n  m:\n    rows:\n    - metrics:\n        x: {leaf: a, scal: 2}\n", `5: unknown key "scal" (did you mean scale or scale_leaf?); known here: leaf, attribute, decode, values, scale, offset, min, max, scale_leaf, precision_leaf, match, skip, when, unless, first_of, sum_of, sum_rows, lookup, by, template`},
		{"unknown key in an inner row", "modules: {m: {rows: [{rows: [{keys: [a]}]}]}}\n", `1: unknown key "keys" (did you mean key?); known here: path, key, labels, when, unless, begins_with, limit, repeats, start_time, metrics, rows`},
		{"duplicate key", "auths: {}\ntargets: []\nauths: {}\n", `3: key "auths" is already given on line 1; keep one of them`},
		{"duplicate key of a target", withTarget("auth: lab"), `2: key "auth" is already given on line 2; keep one of them`},
		{"duplicate auth", "auths:\n  lab: {}\n  lab: {}\n", `3: key "lab" is already given on line 2; keep one of them`},
		{"text for a mapping", "auths: lab\n", `1: auths must be a mapping; write "key: value" lines`},
		{"text for a list", "targets: lab\n", `1: targets must be a list; write its items as "- item" lines or as [a, b]`},
		{"a mapping for a list", withTarget("modules: {a: b}"), `2: modules must be a list; write its items as "- item" lines or as [a, b]`},
		{"a list for text", withTarget("name: [a]"), `2: name must be text; put it in quotes`},
		{"text for a number", withTarget("port: ssh"), `2: port "ssh" is not a whole number; write digits`},
		{"a fraction for a number", withTarget("max_samples: 1.5"), `2: max_samples "1.5" is not a whole number; write digits`},
		{"text for a flag", withAuth("password: p, insecure_ignore_host_key: maybe"), `2: insecure_ignore_host_key is neither true nor false; write one of them`},
		{"a wrong tag", "auths: {lab: {username: !!int x}}\n", `1: username must be text; put it in quotes`},
		{"no duration", withTarget("timeout: 30"), `2: timeout "30" is not a duration; write a number with its unit, such as 30s, 5m or 1d`},
		{"no duration in defaults", "defaults: {max_age: soon}\n", `1: max_age "soon" is not a duration; write a number with its unit, such as 30s, 5m or 1d`},
		{"no size", withTarget("max_reply_bytes: 64 elephants"), `2: max_reply_bytes "64 elephants" is not a size; write a number of bytes or one with its unit, such as 64MiB`},
		{"a fraction", "modules: {m: {rows: [{metrics: {x: {leaf: a, scale: 1/100}}}]}}\n", `1: scale "1/100" is not a number; write 0.01`},
		{"a list for a value", "modules: {m: {rows: [{metrics: {x: [a, b]}}]}}\n", `1: x must be a path or a mapping; write PATH or {leaf: PATH, ...}`},
		{"a mapping for a list of texts", "modules: {m: {rows: [{path: {a: b}}]}}\n", `1: path must be a list; write its items as "- item" lines or as [a, b]`},
		{"a mapping as key", "auths:\n  ? {a: b}\n  : c\n", `2: a key must be text; put it in quotes`},
		{"not UTF-8", lab + "targets: [{name: M\xfcnchen, address: a, auth: lab}]\n", `2: the line has octets that are not UTF-8; save the file as UTF-8`},
		{"tab", "auths:\n\tlab: {}\n", `2: a tab indents this line; use spaces`},
		{"indentation", "auths:\n  lab:\n    username: u\n   password: p\ntargets: []\n", `4: the line does not fit the ones above it; check its indentation, and put values that hold ": " in quotes`},
		{"two colons", "auths:\n  lab:\n    username: u: v\ntargets: []\n", `3: the line does not fit the ones above it; check its indentation, and put values that hold ": " in quotes`},
		{"no colon", "auths:\n  lab:\n    username u\n    password: x\n", `4: the line does not fit the ones above it; check its indentation, and put values that hold ": " in quotes`},
		{"reserved character", "auths:\n  lab:\n    password: @x\n", `3: a value begins with a character that YAML keeps for itself; put the value in quotes`},
		{"open bracket", "auths: {}\ntargets: [{address: a}\ndefaults: {}\nmodules: {}\n", `2: not valid YAML (did not find expected ',' or ']'); check the quotes, brackets and indentation here`},
		{"open quote", "auths: {}\ntargets: \"x\n\ndefaults: {}\nmodules: {}\n", `2: not valid YAML (found unexpected end of stream); check the quotes, brackets and indentation here`},
		{"no anchor", "auths:\n  lab: {username: u,\n    password: *hunter2 }\n", `2: an alias (*name) has no anchor (&name); put text that begins with * in quotes`},
		{"an anchor in itself", "auths: &a\n  lab: *a\n", `2: unknown key "lab"; known here: username, password, password_file, password_env, password_command, private_key_file, private_key_passphrase_file, known_hosts_file, host_key_fingerprints, insecure_ignore_host_key, legacy_algorithms, tls_config, allowed_targets`},
		{"a password as auth", "auths:\n  lab: hunter2\n", `2: lab must be a mapping; write "key: value" lines`},
		{"a password as flag", "auths:\n  lab: {legacy_algorithms: hunter2}\n", `2: legacy_algorithms is neither true nor false; write one of them`},
		{"a forgotten space", "auths:\n  lab: {username: u, password:hunter2}\n", `2: a key is not known (nor shown: it may be part of a secret); put a space after each colon, and the secret in quotes`},
		{"a comma in a password", "auths:\n  lab: {username: u, password: hun,ter2}\n", `2: a key is not known (nor shown: it may be part of a secret); put a space after each colon, and the secret in quotes`},
		{"a password with a tag", "auths:\n  lab: {password: !!float hunter2}\n", `2: password must be text; put it in quotes`},
		{"a password that begins with !", withAuth("password: !hunter2 , " + noKeyCheck), `2: password begins with "!", which YAML takes for a tag; put it in single quotes`},
		{"a password that begins with ! and has two words", withAuth("password: !hun ter2, " + noKeyCheck), `2: password begins with "!", which YAML takes for a tag; put it in single quotes`},
		{"a password that begins with &", withAuth("password: &hunter2 , " + noKeyCheck), `2: password begins with "&", which YAML takes for an anchor; put it in single quotes`},
		{"a password that begins with & and has two words", withAuth("password: &hun ter2, " + noKeyCheck), `2: password begins with "&", which YAML takes for an anchor; put it in single quotes`},
		{"an empty password", withAuth("password: \"\", " + noKeyCheck), `2: password is empty; write it in single quotes, or use password_file or password_env`},
		{"nothing for a password", "auths:\n  lab:\n    username: u\n    insecure_ignore_host_key: true\n    password:\n", `5: password is empty; write it in single quotes, or use password_file or password_env`},
		{"a password with a comment in it", "auths:\n  lab:\n    username: u\n    insecure_ignore_host_key: true\n    password: a#1 #x\n", `5: password is followed by " #", where YAML begins a comment; put it in single quotes, or a space after the #`},
		{"an empty auth", "auths:\n  lab:\n", `2: auths entry "lab" is empty; write its settings below it, indented, or take it out`},
		{"an empty target", "targets:\n- \n", `2: a target is empty; give it address: and auth:, or take it out`},
		{"an empty module", "modules:\n  m:\n", `2: modules entry "m" is empty; write its settings below it, indented, or take it out`},
		{"an empty metric", "catalog:\n  m:\n", `2: catalog entry "m" is empty; write its settings below it, indented, or take it out`},
		{"no username", "auths:\n  lab: {password: p, insecure_ignore_host_key: true}\n", `2: auth "lab" has no username; add username:`},
		{"nothing to log in with", withAuth(noKeyCheck), `2: auth "lab" has nothing to log in with; add password_file, password_env, password_command, password or private_key_file`},
		{"two passwords", withAuth("password: p, password_env: PATH, " + noKeyCheck), `2: auth "lab" has password and password_env; keep one of them`},
		{"no password file", withAuth("password_file: gone, " + noKeyCheck), `2: password_file names no file that exists (it is not shown, because it may be the secret itself); write the secret to a file, and name the file with its folder`},
		{"no password file in a folder", withAuth("password_file: folder/gone, " + noKeyCheck), `2: password_file folder/gone does not exist; create it or correct the path`},
		{"a password for its file", withAuth("password_file: hunter2, " + noKeyCheck), `2: password_file names no file that exists (it is not shown, because it may be the secret itself); write the secret to a file, and name the file with its folder`},
		{"a password with a slash", withAuth("password_file: /hunter2, " + noKeyCheck), `2: password_file names no file that exists (it is not shown, because it may be the secret itself); write the secret to a file, and name the file with its folder`},
		{"a password for its variable", withAuth("password_env: hunter2, " + noKeyCheck), `2: password_env names no variable of the exporter's environment (it is not shown, because it may be the secret itself); set the variable, or use password_file`},
		{"a key for its file", withAuth("private_key_file: \"-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1\\n-----END\", " + noKeyCheck), `2: private_key_file holds a key; write it to a file and name the file`},
		{"a key for known hosts", withAuth("password: p, known_hosts_file: \"-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1\""), `2: known_hosts_file holds a key; write it to a file and name the file`},
		{"empty password file", withAuth("password_file: nothing, " + noKeyCheck), `2: password_file nothing is empty; write the secret into it`},
		{"a password file of several lines", withAuth("password_file: lines, " + noKeyCheck), `2: password_file lines has several lines; keep only the secret in it`},
		{"a folder as password file", withAuth("password_file: folder, " + noKeyCheck), `2: password_file folder cannot be read: is a directory; make it a file that the exporter's user may read`},
		{"no such variable", withAuth("password_env: NETCONF_EXPORTER_TEST_UNSET, " + noKeyCheck), `2: password_env NETCONF_EXPORTER_TEST_UNSET is not set in the exporter's environment; set it, or use password_file`},
		{"a password command that is text", withAuth("password_command: pass show x, " + noKeyCheck), `2: password_command must be a list; write its items as "- item" lines or as [a, b]`},
		{"an empty password command", withAuth("password_command: [], " + noKeyCheck), `2: password_command is empty; write the program and its arguments, such as [pass, show, network]`},
		{"two ways to a password", withAuth("password: p, password_command: [echo, hunter2], " + noKeyCheck), `2: auth "lab" has password and password_command; keep one of them`},
		{"no such password command", withAuth("password_command: [./gone, hunter2], " + noKeyCheck), `2: password_command gone is not there; write the path of a program`},
		{"a password command that fails", withAuth("password_command: [sh, -c, \"echo hunter2; echo hunter2 >&2; exit 3\"], " + noKeyCheck), `2: password_command sh failed (exit status 3); run it as the exporter's user to see why`},
		{"a password command that prints nothing", withAuth("password_command: ['true'], " + noKeyCheck), `2: password_command true printed nothing; let it print the password to its stdout`},
		{"a password command that prints too much", withAuth("password_command: [head, -c, '70000', /dev/zero], " + noKeyCheck), `2: password_command head printed more than 64 KiB; let it print the password alone`},
		{"a password command that prints several lines", withAuth("password_command: [echo, \"hunter2\\nlogin: u\"], " + noKeyCheck), `2: password_command echo printed several lines; let it print only the password, for instance through head -n 1`},
		{"a password command that may not be run", withAuth("password_command: [./text], " + noKeyCheck), `2: password_command text cannot be run: permission denied; make it a program that the exporter's user may run`},
		{"a password command that is a folder", withAuth("password_command: [./folder], " + noKeyCheck), `2: password_command folder cannot be run: permission denied; make it a program that the exporter's user may run`},
		{"no key file", withAuth("private_key_file: gone, " + noKeyCheck), `2: private_key_file names no file that exists (it is not shown, because it may be the secret itself); write the secret to a file, and name the file with its folder`},
		{"a key in a home", withAuth("private_key_file: ~/.ssh/id_rsa, " + noKeyCheck), `2: private_key_file names a path with ~, which only shells replace by a home directory; write the whole path`},
		{"known hosts in a home", withAuth("password: p, known_hosts_file: ~operator/.ssh/known_hosts"), `2: known_hosts_file names a path with ~, which only shells replace by a home directory; write the whole path`},
		{"not a key", withAuth("private_key_file: text, " + noKeyCheck), `2: private_key_file text does not hold a private key that can be read; use an unbroken key as ssh-keygen writes it, and not its .pub file`},
		{"no passphrase", withAuth("private_key_file: locked.key, " + noKeyCheck), `2: private_key_file locked.key is protected by a passphrase; put that in a file and name it with private_key_passphrase_file`},
		{"wrong passphrase", withAuth("private_key_file: locked.key, private_key_passphrase_file: text, " + noKeyCheck), `2: private_key_passphrase_file text does not open private_key_file locked.key; put the right passphrase in it`},
		{"no passphrase file", withAuth("private_key_file: locked.key, private_key_passphrase_file: gone, " + noKeyCheck), `2: private_key_passphrase_file names no file that exists (it is not shown, because it may be the secret itself); write the secret to a file, and name the file with its folder`},
		{"passphrase without key", withAuth("password: p, private_key_passphrase_file: text, " + noKeyCheck), `2: auth "lab" has a passphrase but no key; add private_key_file`},
		{"no host key check", withAuth("password: p"), `2: auth "lab" does not say how a device's host key is checked; add known_hosts_file or host_key_fingerprints (netconf_exporter hostkey ADDRESS prints what goes there), or insecure_ignore_host_key: true`},
		{"a false host key check", withAuth("password: p, insecure_ignore_host_key: false"), `2: auth "lab" does not say how a device's host key is checked; add known_hosts_file or host_key_fingerprints (netconf_exporter hostkey ADDRESS prints what goes there), or insecure_ignore_host_key: true`},
		{"two host key checks", withAuth("password: p, known_hosts_file: nothing, " + noKeyCheck), `2: auth "lab" has known_hosts_file and insecure_ignore_host_key; keep one of them`},
		{"no known hosts", withAuth("password: p, known_hosts_file: gone"), `2: known_hosts_file gone does not exist; create it or correct the path`},
		{"not known hosts", withAuth("password: p, known_hosts_file: text"), `2: known_hosts_file is not valid: text:1: missing key type pattern; netconf_exporter hostkey ADDRESS prints the lines it should have`},
		{"not fingerprints", withAuth("password: p, host_key_fingerprints: [\"MD5:aa:bb\", \"SHA256:abc\"]"), `2: host key fingerprint "MD5:aa:bb" is not of the form SHA256: and 43 characters; netconf_exporter hostkey ADDRESS prints it
2: host key fingerprint "SHA256:abc" is not of the form SHA256: and 43 characters; netconf_exporter hostkey ADDRESS prints it`},
		{"not networks", withAuth("password: p, insecure_ignore_host_key: true, allowed_targets: [192.0.2.0/33, lab]"), `2: allowed_targets "192.0.2.0/33" is not a network; write an address or a prefix such as 192.0.2.0/24
2: allowed_targets "lab" is not a network; write an address or a prefix such as 192.0.2.0/24`},
		{"no address", "auths: {lab: {username: u, password: p, insecure_ignore_host_key: true}}\ntargets:\n- name: a\n  auth: lab\n", `3: a target has no address; add address: HOST or HOST:PORT`},
		{"a URL as address", lab + "targets:\n- {address: ssh://a, auth: lab}\n", `3: address "ssh://a" is not an address; write a host name or an IP address, and a port if need be: HOST, HOST:PORT, [IPV6]:PORT`},
		{"an impossible IPv4", lab + "targets:\n- {address: 10.0.0.256, auth: lab}\n", `3: address "10.0.0.256" is not an address; write a host name or an IP address, and a port if need be: HOST, HOST:PORT, [IPV6]:PORT`},
		{"spaces", lab + "targets:\n- {address: a b, auth: lab}\n", `3: address (not shown, because it may hold a secret) is not an address; write a host name or an IP address, and a port if need be: HOST, HOST:PORT, [IPV6]:PORT`},
		{"a password before an address", lab + "targets:\n- {address: 'admin:hunter2@a', auth: lab}\n", `3: address (not shown, because it may hold a secret) has a port that is not a number from 1 to 65535; write HOST:PORT, or [IPV6]:PORT`},
		{"a password for a port, and no auth", lab + "targets:\n- {address: 'a:hunter2'}\n", `3: address (not shown, because it may hold a secret) has a port that is not a number from 1 to 65535; write HOST:PORT, or [IPV6]:PORT
3: target (not shown, because it may hold a secret) has no auth; add auth: with one of lab`},
		{"port 0", lab + "targets:\n- {address: a:0, auth: lab}\n", `3: address "a:0" has a port that is not a number from 1 to 65535; write HOST:PORT, or [IPV6]:PORT`},
		{"port 65536", lab + "targets:\n- {address: a:65536, auth: lab}\n", `3: address "a:65536" has a port that is not a number from 1 to 65535; write HOST:PORT, or [IPV6]:PORT`},
		{"no port", lab + "targets:\n- {address: 'a:', auth: lab}\n", `3: address "a:" has a port that is not a number from 1 to 65535; write HOST:PORT, or [IPV6]:PORT`},
		{"brackets", lab + "targets:\n- {address: '[a]:830', auth: lab}\n", `3: address "[a]:830" is not an IPv6 address in brackets; write [ADDRESS]:PORT`},
		{"an unquoted IPv6 address", lab + "targets:\n- auth: lab\n  address: [2001:db8::1]:830\n", `4: an address that begins with a bracket needs quotes; write address: "[2001:db8::1]:830"`},
		{"an unquoted IPv6 address in braces", lab + "targets: [{address: [2001:db8::1]:830, auth: lab}]\n", `2: an address that begins with a bracket needs quotes; write address: "[2001:db8::1]:830"`},
		{"an unquoted IPv6 address without a port", lab + "targets:\n- auth: lab\n  address: [2001:db8::1]\n", `4: address must be text; put it in quotes`},
		{"a port in an IPv6 address", lab + "targets:\n- {address: '2001:db8::1:830', auth: lab}\n- {address: 'fe80::1%eth0:830', auth: lab}\n", `3: address "2001:db8::1:830" is an IPv6 address that seems to end in a port; write [2001:db8::1]:830 in quotes, or [2001:db8::1:830] if it has none
4: address "fe80::1%eth0:830" is an IPv6 address that seems to end in a port; write [fe80::1%eth0]:830 in quotes, or [fe80::1%eth0:830] if it has none`},
		{"two ports", lab + "targets:\n- {address: b:46830, port: 22, auth: lab}\n", `3: target "b:46830" has port 22 beside the port 46830 in its address; keep one of them`},
		{"an address for a target", lab + "targets:\n- 127.0.0.1:830\n- x y\n", `3: a target must be a mapping, and this is text; write - {address: 127.0.0.1:830, auth: NAME}
4: a target must be a mapping, and this is text; write - {address: ADDRESS, auth: NAME}`},
		{"a key without its space", lab + "targets:\n- address: a\n  auth:lab\n", `4: a colon has no space after it; write "key: value"`},
		{"a key without its space in braces", lab + "targets: [{address: a, auth:lab}]\n", `2: a space is missing after "auth:"; write "auth: VALUE"`},
		{"no auth", lab + "targets:\n- {address: a}\n", `3: target "a" has no auth; add auth: with one of lab`},
		{"unknown auth", lab + "targets:\n- {address: a, auth: core}\n", `3: auth "core" is not under auths; write one of lab`},
		{"unknown auth with none", "targets:\n- {address: a, auth: core}\n", `2: auth "core" is not under auths; write a name that you give under auths: first`},
		{"duplicate target", lab + "targets:\n- {address: a, auth: lab}\n- {name: a, address: b, auth: lab}\n", `4: target "a" is already at netconf.yml:3; give one of them another name`},
		{"wrong settings", withTarget("port: 0, timeout: 0s, max_age: -1s, max_reply_bytes: 0, max_samples: -1"), `2: max_age -1s is negative; write 0s or a time such as 30s
2: max_reply_bytes 0 is too small; write a size such as 64MiB
2: max_samples -1 is too small; write a number such as 500000
2: port 0 is not from 1 to 65535; NETCONF over SSH is usually on 830
2: timeout 0s is too short; write a time such as 30s`},
		{"settings of modules", withTarget("modules: [{name: auto, max_age: 1m}, {name: ietf-system, max_age: -1s, timeout: 0s}, {name: ietf-ip, timeout: 2m}, {name: ietf-bgp, age: 1m}]"), `2: unknown key "age" (did you mean max_age?); known here: name, max_age, timeout`},
		{"wrong settings of modules", withTarget("modules: [{name: auto, max_age: 1m}, {name: ietf-system, max_age: -1s, timeout: 0s}, {name: ietf-ip, timeout: 2m}]"), `2: max_age -1s of module "ietf-system" is negative; write 0s or a time such as 5m
2: max_age and timeout are of one module, and auto stands for several; set those of the target, or name a module
2: timeout 0s of module "ietf-system" is too short; write a time such as 10s
2: timeout 2m of module "ietf-ip" is longer than the target's, 30s; raise that`},
		{"filters", lab + "defaults:\n  filters:\n  - {label: interfaces, regex: lo, action: drop}\n  - {label: interface, regex: '(?=a)', action: drop}\n  - {label: interface, regex: lo}\n", `4: filter: no metric has the label "interfaces"; did you mean interface?
5: filter: regex "(?=a)" is not a regular expression of RE2 (invalid or unsupported Perl syntax: ` + "`(?=`" + `); write one that the whole text of the label has to match, such as "lo|veth.*"
6: filter: action "" is neither drop nor keep; write one of them`},
		{"a filter without an expression", lab + "defaults: {filters: [{label: interface, action: drop}]}\n", `2: filter: regex is missing; write one that the whole text of the label has to match, such as "lo|veth.*"`},
		{"an open group in a filter", lab + "defaults: {filters: [{label: interface, regex: 'lo|veth(', action: drop}]}\n", "2: filter: regex \"lo|veth(\" is not a regular expression of RE2 (missing closing ): `lo|veth(`); write one that the whole text of the label has to match, such as \"lo|veth.*\""},
		{"description labels without a group", lab + "defaults:\n  description_labels: {regex: 'a(b)'}\n", `3: description_labels: regex "a(b)" has no named group; write (?P<role>...) around what becomes the label role`},
		{"description labels", lab + "defaults:\n  description_labels: {regex: '(?P<role>a)(?P<target>b)', labels: [role, target, circuit]}\n", `3: description_labels: regex "(?P<role>a)(?P<target>b)" has no group (?P<circuit>...), which labels lists; add the group, or take it out of labels
3: label "target" is set by Prometheus or the exporter; choose another name`},
		{"a bad expression for description labels", lab + "defaults:\n  description_labels: {regex: '['}\n", `3: description_labels: regex "[" is not a regular expression of RE2 (missing closing ]: ` + "`[`" + `); write one with named groups, such as "\[(?P<role>[a-z]+)\]"`},
		{"description labels without an expression", lab + "defaults:\n  description_labels: {labels: [role]}\n", `3: description_labels: regex is missing; write one with named groups, such as "\[(?P<role>[a-z]+)\]"`},
		{"description labels of one target", withTarget("description_labels: {regex: x}"), `2: unknown key "description_labels"; known here: name, address, auth, call_home, transport, port, timeout, max_age, modules, filters, max_reply_bytes, max_samples, proxy_jump, proxy_url, labels, host_key_fingerprints, certificate_fingerprints`},
		{"a label of descriptions", lab + "defaults: {description_labels: {regex: '(?P<role>a)'}}\ntargets: [{address: a, auth: lab, labels: {role: x}}]\n", `3: label "role" is a label of the catalogue's metrics; choose another name`},
		{"an inventory", lab + "http_sd_configs:\n- {url: netbox, auth: lab, refresh_interval: 0s, labels: {job: a}}\n", `3: http_sd_configs: auth "lab" has no allowed_targets; name the networks there that the inventory may send its password to
3: http_sd_configs: refresh_interval 0s is too short; write a time such as 1m
3: http_sd_configs: url is not the address of a web page; write it as in https://netbox.example/api/plugins/prometheus-sd/devices/
3: label "job" is set by Prometheus or the exporter; choose another name`},
		{"an inventory without an auth", lab + "http_sd_configs:\n- {url: 'http://u:hunter2@a/'}\n- {url: 'http://a/', auth: lap}\n- null\n", `5: an entry of http_sd_configs is empty; give it url: and auth:, or take it out`},
		{"inventories without a good auth", lab + "http_sd_configs:\n- {url: 'http://u:hunter2@a/'}\n- {url: 'http://a/', auth: lap}\n", `3: http_sd_configs: there is no auth; add auth: with one of lab
3: http_sd_configs: url holds a user; put that under basic_auth
4: auth "lap" is not under auths; did you mean lab?`},
		{"the client of an inventory", lab + "http_sd_configs:\n- {url: 'http://a/', auth: lab, basic_auth: {username: u, pasword: hunter2}}\n", `3: unknown key "pasword" (did you mean password?); known here: username, username_file, username_ref, password, password_file, password_ref`},
		{"wrong defaults once", lab + "defaults:\n  timeout: -5s", `3: timeout -5s is too short; write a time such as 30s`},
		{"unknown jump host", withTarget("proxy_jump: bastion"), `2: proxy_jump "bastion" is not under jump_hosts; give its address and auth there`},
		{"another jump host", lab + "jump_hosts: {a: {address: b, auth: lab}}\ndefaults: {proxy_jump: bastion}\n", `3: proxy_jump "bastion" is not under jump_hosts; write one of a`},
		{"a jump host without anything", lab + "jump_hosts:\n  a: {}\n", `3: jump host "a" has no address; add address: HOST or HOST:PORT
3: jump host "a" has no auth; add auth: with one of lab`},
		{"a jump host of a wrong auth", lab + "jump_hosts:\n  a: {address: 'b:', auth: x, max_channels: -1}\n", `3: address "b:" has a port that is not a number from 1 to 65535; write HOST:PORT, or [IPV6]:PORT
3: auth "x" is not under auths; write one of lab
3: max_channels -1 is negative; write a number, or 0 for no limit`},
		{"jump hosts in a circle", lab + "jump_hosts:\n  a: {address: x, auth: lab, proxy_jump: b}\n  b: {address: x, auth: lab, proxy_jump: a}\n  c: {address: x, auth: lab, proxy_jump: a}\n", `3: jump host "a" is on the way to itself (a -> b -> a); break the circle
4: jump host "b" is on the way to itself (b -> a -> b); break the circle`},
		{"a caller with an address", withTarget("call_home: true"), `2: target "a" calls home and has an address besides; take out one of them`},
		{"a caller without a name", lab + "targets: [{auth: lab, call_home: true}]\n", `2: a target that calls home has no name; add name:`},
		{"a caller without a key", lab + "targets: [{name: a, auth: lab, call_home: true}]\n", `2: target "a" calls home and is known by its host key alone; add host_key_fingerprints: (the page of the exporter lists the keys of unknown callers, and netconf_exporter hostkey --call-home=:4334 waits for one)`},
		{"a caller that nobody listens for", lab + "targets: [{name: a, auth: lab, call_home: true, host_key_fingerprints: [" + key + "]}]\n", `2: target "a" calls home and nothing listens; add call_home: {ssh_listen_address: ":4334"}`},
		{"two callers of one key", lab + "call_home: {ssh_listen_address: ':4334'}\ntargets:\n- {name: a, auth: lab, call_home: true, host_key_fingerprints: [" + key + "]}\n- {name: b, auth: lab, call_home: true, host_key_fingerprints: [" + key + "]}\n",
			`5: ` + key + ` is that of target "a" too, and a call could be meant for both; take out one of them`},
		{"a caller through a jump host", lab + "call_home: {ssh_listen_address: ':4334'}\njump_hosts: {j: {address: x, auth: lab}}\ntargets: [{name: a, auth: lab, call_home: true, proxy_jump: j, proxy_url: 'http://p', host_key_fingerprints: [" + key + "]}]\n",
			`4: target "a" calls home and has proxy_jump besides, through which nobody calls; take out one of them
4: target "a" calls home and has proxy_url besides, through which nobody calls; take out one of them`},
		{"a caller over RESTCONF", withWeb + "targets: [{name: a, auth: web, transport: restconf, call_home: true}]\n", `2: target "a" calls home over transport restconf; write transport: ssh or tls`},
		{"one address for both", lab + "call_home: {ssh_listen_address: ':4334', tls_listen_address: ':4334'}\n", `2: call_home: ssh_listen_address and tls_listen_address are the same; give them two ports, such as :4334 and :4335`},
		{"where to listen", lab + "call_home: {ssh_listen_address: '4334'}\n", `2: call_home: ssh_listen_address "4334" is no address to listen at; write HOST:PORT, or :4334 for all addresses of this machine`},
		{"a proxy without a scheme", withTarget("proxy_url: 'ann:hunter2@proxy:1080'"), `2: proxy_url is of a kind that is not supported; write socks5:// or http:// before the address (it is not shown, because it may hold a password)`},
		{"a proxy that is no URL", withTarget("proxy_url: 'http://ann:hunter2%@proxy'"), `2: proxy_url is not a URL; write it as in socks5://127.0.0.1:1080 or http://192.0.2.1:3128 (it is not shown, because it may hold a password)`},
		{"a proxy of another kind", lab + "defaults: {proxy_url: 'https://ann:hunter2@proxy'}\n", `2: proxy_url is of a kind that is not supported; write socks5:// or http:// before the address (it is not shown, because it may hold a password)`},
		{"a proxy with a path", withTarget("proxy_url: 'socks5://proxy/x'"), `2: proxy_url names no server; write a scheme, an address and a port alone, as in socks5://127.0.0.1:1080 (it is not shown, because it may hold a password)`},
		{"a proxy without a host", withTarget("proxy_url: 'socks5://:1080'"), `2: proxy_url names no server; write a scheme, an address and a port alone, as in socks5://127.0.0.1:1080 (it is not shown, because it may hold a password)`},
		{"a proxy without a user", withTarget("proxy_url: 'socks5://:hunter2@proxy'"), `2: proxy_url has a user name or password that is empty or longer than 255 octets (it is not shown, because it may hold a password)`},
		{"an empty jump host", lab + "jump_hosts:\n  a:\n", `3: jump_hosts entry "a" is empty; write its settings below it, indented, or take it out`},
		{"unknown module", withTarget("modules: [auto, ietf-interf]"), `2: module "ietf-interf" is not known; did you mean ietf-interfaces or ietf-interfaces-nmda or ietf-interfaces-rfc8343?`},
		{"unknown module in defaults", lab + "defaults:\n  modules: [nmda]", `3: module "nmda" is not known; did you mean ietf-hardware-nmda or ietf-interfaces-nmda or ietf-ip-neighbors-nmda?`},
		{"a module in capitals", withTarget("modules: [IETF-Interfaces, Auto]"), `2: module "Auto" is not known; did you mean auto?
2: module "IETF-Interfaces" is not known; did you mean ietf-interfaces?`},
		{"an auth in capitals", lab + "targets:\n- {address: a, auth: Lab}\n", `3: auth "Lab" is not under auths; did you mean lab?`},
		{"unknown module like no other", withTarget("modules: [qqq]"), "2: module \"qqq\" is not known; write auto or a name that `netconf_exporter discover` lists"},
		{"no modules", withTarget("modules: []"), `2: modules is empty; name some, or take it out for auto`},
		{"a module twice", withTarget("modules: [auto, auto]"), `2: module "auto" is named twice; name it once`},
		{"wrong labels", withTarget("labels: {target: x, transport: x, job: x, instance: x, __a: x, interface: x, description: x, address: x, le: x, a-b: x, 1a: x, '': x}"), `2: label "" is not a valid name; use letters, digits and _, and no digit first
2: label "1a" is not a valid name; use letters, digits and _, and no digit first
2: label "__a" is set by Prometheus or the exporter; choose another name
2: label "a-b" is not a valid name; use letters, digits and _, and no digit first
2: label "address" is set by Prometheus or the exporter; choose another name
2: label "description" is a label of the catalogue's metrics; choose another name
2: label "instance" is set by Prometheus or the exporter; choose another name
2: label "interface" is a label of the catalogue's metrics; choose another name
2: label "job" is set by Prometheus or the exporter; choose another name
2: label "le" is set by Prometheus or the exporter; choose another name
2: label "target" is set by Prometheus or the exporter; choose another name
2: label "transport" is set by Prometheus or the exporter; choose another name`},
		{"label of an own metric", lab + "catalog:\n  my_things: {type: gauge, help: x, labels: [thing]}\ntargets: [{address: a, auth: lab, labels: {thing: x}}]\n", `4: label "thing" is a label of the catalogue's metrics; choose another name`},
		{"module names", "modules: {auto: {}, \"a,b\": {}, m: {max_age: -1s}}\n", `1: "a,b" cannot name a module; use letters, digits and - _ . (auto is taken)
1: "auto" cannot name a module; use letters, digits and - _ . (auto is taken)
1: max_age -1s is negative; write 0s or a time such as 30s`},
		{"a shipped metric", lab + "catalog:\n  netconf_interface_info: {type: gauge, help: x}\n", `3: metric "netconf_interface_info" is already in the built-in catalogue; use it as it is, or choose another name`},
		{"a metric of the exporter", lab + "catalog:\n  netconf_up: {type: gauge, help: x}\n  go_x: {type: gauge, help: x}\n", `3: metric "netconf_up" has a name that the exporter keeps for its own metrics; choose another name
4: metric "go_x" has a name that the exporter keeps for its own metrics; choose another name`},
		{"a metric of Prometheus", lab + "catalog:\n  up: {type: gauge, help: x}\n  scrape_x: {type: gauge, help: x}\n", `3: metric "up" has a name that Prometheus keeps for what it says of each scrape; choose another name
4: metric "scrape_x" has a name that Prometheus keeps for what it says of each scrape; choose another name`},
		{"a gauge beside a counter", lab + "catalog:\n  a: {type: gauge, help: x}\n  a_total: {type: counter, help: x}\n  netconf_interface_receive_bytes: {type: gauge, help: x}\n", `3: metric "a" has the name by which OpenMetrics knows the counter "a_total"; choose another name
5: metric "netconf_interface_receive_bytes" has the name by which OpenMetrics knows the counter "netconf_interface_receive_bytes_total"; choose another name`},
		{"metric name", lab + "catalog:\n  a:b: {type: gauge, help: x}\n", `3: metric "a:b" is not a valid name; use letters, digits and _, and no digit first`},
		{"no type or help", lab + "catalog:\n  a: {}\n", `3: metric "a" has no help; say in a sentence what it is, and in which unit
3: metric "a" has no type; add type: gauge or type: counter`},
		{"unknown type", lab + "catalog:\n  a: {type: histogram, help: x}\n", `3: type "histogram" of metric "a" is not known; write gauge or counter`},
		{"counter name", lab + "catalog:\n  a: {type: counter, help: x}\n  b_total: {type: gauge, help: x}\n", `3: metric "a" is a counter; names of counters end in _total, and no other names do
4: metric "b_total" is a gauge; names of counters end in _total, and no other names do`},
		{"unknown decode", lab + "catalog:\n  a: {type: gauge, help: x, decode: age}\n", `3: decode "age" of metric "a" is not known; write number, timestamp, decibels or one`},
		{"metric labels", lab + "catalog:\n  a:\n    type: gauge\n    help: x\n    labels: [b-c, target, d, d]\n    info:\n      d: text\n      e: number\n", `6: label "b-c" is not a valid name; use letters, digits and _, and no digit first
6: label "d" of metric "a" is listed twice; keep one
6: label "target" is set by Prometheus or the exporter; choose another name
8: label "d" of metric "a" is both a key label and an info label; keep one
9: info label "e" is of the unknown kind "number"; write text, identity or mac`},
		{"metric range", lab + "catalog:\n  a: {type: gauge, help: x, min: 5, max: 4}\n  b: {type: gauge, help: x, max: soon}\n  c: {type: gauge, help: x, min: low}\n", `5: min "low" is not a number; write digits`},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{"netconf.yml": test.file, "text": "just text\n", "nothing": "\n", "lines": "hunter2\n\n", "folder/x": "", "plain.key": plainKey, "locked.key": lockedKey})
			_, got := load(dir, "netconf.yml")
			want := "netconf.yml:" + strings.ReplaceAll(test.want, "\n", "\nnetconf.yml:")
			if got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
