package guard

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

// webConfig is the part of --web.config.file that says who is let in.
type webConfig struct {
	Users map[string]string `yaml:"basic_auth_users"`
	TLS   struct {
		ClientAuth string `yaml:"client_auth_type"`
	} `yaml:"tls_server_config"`
}

// Passwords reports whether --web.config.file, "" for none, asks for a user name and a password, and whether it asks for that or
// for a client certificate.
func Passwords(file string) (passwords, protected bool, err error) {
	if file == "" {
		return false, false, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return false, false, err
	}
	var c webConfig
	if err := yaml.Unmarshal(text, &c); err != nil {
		return false, false, fmt.Errorf("%s: %w", file, err)
	}
	passwords = len(c.Users) > 0
	return passwords, passwords || c.TLS.ClientAuth == "RequireAndVerifyClientCert", nil
}

var errOpen = errors.New("--web.enable-admin-api would let everybody who reaches the exporter add devices and use its passwords; " +
	"listen on the loopback with --web.listen-address=127.0.0.1:10830, or ask for a password or a client certificate with --web.config.file")

// CheckListening refuses to let everybody in who is not on this machine. sockets says that systemd hands over sockets, whose
// addresses are not known.
func CheckListening(addresses []string, sockets, protected bool) error {
	if protected {
		return nil
	}
	if sockets {
		return errOpen
	}
	for _, address := range addresses {
		if !onLoopback(address) {
			return errOpen
		}
	}
	return nil
}

func onLoopback(address string) bool {
	if strings.HasPrefix(address, "vsock:") {
		return false
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}
