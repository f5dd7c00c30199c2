package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// Spec is the target that a person or program asks for.
type Spec struct {
	Name    string
	Address string
	Auth    string // of the configuration, or "" with a user name and a password of its own
	// Username and Password are the target's own credentials.
	Username  string
	Password  config.Secret
	Modules   []string // nil: the configuration's defaults
	Labels    map[string]string
	Transport string // "": one that the auth is for
	ProxyJump string // "": none
	CallHome  bool   // the device opens the connection; there is no address
	// Fingerprint is the host key to trust, SHA256:...; "": what the auth trusts, or nothing yet.
	Fingerprint string
	// Certificate is the fingerprint of the certificate to trust over tls and restconf, SHA256:...; "": what the auth trusts, or nothing yet.
	Certificate string
}

// placeholder stands where a host key will be known later, to check all the rest. No device has a key of this digest.
var placeholder = "SHA256:" + strings.Repeat("A", 43)

// certificatePlaceholder is the same for a certificate.
var certificatePlaceholder = "SHA256:" + strings.Repeat("A", 64)

// mostName bounds the name of a target, in characters.
const mostName = 128

// CheckName says what is wrong with a name.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("the name is empty; give the target a name")
	case utf8.RuneCountInString(name) > mostName:
		return fmt.Errorf("the name has more than %d characters; choose a shorter one", mostName)
	case name == "." || name == ".." || name == "/":
		return fmt.Errorf("%q stands for a folder in paths; choose another name", name)
	case strings.TrimSpace(name) != name:
		return errors.New("the name begins or ends with a space; take it off")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }):
		return errors.New("the name holds characters that cannot be seen; use letters, digits and signs")
	}
	return nil
}

// check says what is wrong with the parts that the configuration does not check.
func (s Spec) check() error {
	if err := CheckName(s.Name); err != nil {
		return err
	}
	switch {
	case s.Auth != "" && (s.Username != "" || s.Password != ""):
		return errors.New("both an auth and credentials are given; keep one of them")
	case s.Auth == "" && s.Username == "":
		return errors.New("there is nothing to log in with; give an auth of the configuration, or a user name and a password")
	case s.Auth == "" && s.Password == "":
		return errors.New("the password is missing; give it with the user name, or name an auth in place of both")
	case s.Auth == "" && s.Transport == string(config.TransportTLS):
		return errors.New("transport tls logs in by a certificate; name an auth of the configuration that has one, in place of a user name and a password")
	case s.Fingerprint != "" && s.Transport == string(config.TransportRESTCONF):
		return errors.New("transport restconf has no host keys; take host_key_fingerprint out, or give certificate_fingerprint")
	case s.Certificate != "" && s.Auth == "" && s.Transport != string(config.TransportRESTCONF):
		return errors.New("transport ssh has no certificates; take certificate_fingerprint out, or give transport restconf")
	case strings.ContainsAny(s.Username, "\x00\r\n"):
		return errors.New("the user name holds a line break; take it out")
	case strings.ContainsAny(s.Password.Reveal(), "\x00\r\n"):
		return errors.New("the password holds a line break; take it out")
	case !utf8.ValidString(s.Address) || strings.ContainsRune(s.Address, '%'):
		return errors.New("the address holds characters that no address has; write HOST, HOST:PORT or [IPV6]:PORT")
	}
	for _, label := range slices.Sorted(maps.Keys(s.Labels)) {
		if value := s.Labels[label]; !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) || len(value) > 1024 {
			return fmt.Errorf("the value of label %q holds control characters or more than 1,024 bytes; choose another one", label)
		}
	}
	return nil
}

// file is the content of a stored file, in the order in which people read it.
type file struct {
	Auths   map[string]fileAuth `yaml:"auths,omitempty"`
	Targets []fileTarget        `yaml:"targets"`
}

type fileAuth struct {
	Username     string   `yaml:"username"`
	Password     string   `yaml:"password,omitempty"` // of a file that is not written
	PasswordFile string   `yaml:"password_file,omitempty"`
	Fingerprints []string `yaml:"host_key_fingerprints,omitempty"`
	// TLSConfig is of an auth for RESTCONF, which trusts the authorities that the system trusts unless the target names its certificate; nil: it is for SSH.
	TLSConfig *struct{} `yaml:"tls_config,omitempty"`
}

type fileTarget struct {
	Name         string            `yaml:"name"`
	Address      string            `yaml:"address,omitempty"`
	Auth         string            `yaml:"auth"`
	Transport    string            `yaml:"transport,omitempty"`
	ProxyJump    string            `yaml:"proxy_jump,omitempty"`
	CallHome     bool              `yaml:"call_home,omitempty"`
	Modules      []string          `yaml:"modules,omitempty,flow"`
	Labels       map[string]string `yaml:"labels,omitempty,flow"`
	Fingerprints []string          `yaml:"host_key_fingerprints,omitempty"`
	Certificates []string          `yaml:"certificate_fingerprints,omitempty"`
}

// text writes the stored file. The password is in passwordFile or, where that is "", in the text itself, which is then not for
// the disk.
func (s Spec) text(passwordFile string) ([]byte, error) {
	t := fileTarget{Name: s.Name, Address: s.Address, Auth: s.Auth, Transport: s.Transport, ProxyJump: s.ProxyJump, CallHome: s.CallHome, Modules: s.Modules, Labels: s.Labels}
	f := file{}
	var trusted []string
	if s.Fingerprint != "" {
		trusted = []string{s.Fingerprint}
	}
	if s.Auth != "" || s.CallHome {
		t.Fingerprints = trusted
	}
	if s.Certificate != "" {
		t.Certificates = []string{s.Certificate}
	}
	if s.Auth == "" {
		t.Auth = ownAuth(s.Name)
		auth := fileAuth{Username: s.Username, PasswordFile: passwordFile, Fingerprints: trusted}
		if s.Transport == string(config.TransportRESTCONF) {
			auth.TLSConfig = &struct{}{}
		}
		if passwordFile == "" {
			auth.Password = s.Password.Reveal()
		}
		f.Auths = map[string]fileAuth{t.Auth: auth}
	}
	f.Targets = []fileTarget{t}
	var out bytes.Buffer
	out.WriteString("# Written by netconf_exporter, and to be edited by hand: a reload takes it up.\n")
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(f)
	if err == nil {
		err = encoder.Close()
	}
	return out.Bytes(), err
}

// ownAuth is the name of the auth of a target with credentials of its own.
func ownAuth(name string) string { return "stored:" + name }

// parse makes a stored target of the spec without a file. Whatever the parts hold, they come back as they are.
func (s Spec) parse() (*config.Stored, error) {
	text, err := s.text("")
	if err != nil {
		return nil, fmt.Errorf("the target cannot be written as YAML: %w", err)
	}
	stored, err := config.ParseStored("", text)
	if err != nil {
		return nil, err
	}
	if t := stored.Target; t.Name != s.Name || t.Address != s.Address || !maps.Equal(t.Labels, s.Labels) {
		return nil, errors.New("the target does not read as it was written; use plain text for name, address and labels")
	}
	return stored, nil
}
