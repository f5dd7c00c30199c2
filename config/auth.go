package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
)

func (a *Auth) password(files *Files) (string, error) {
	switch {
	case a.PasswordFile != "":
		return a.readSecret(files, "password_file", a.PasswordFile)
	case a.PasswordEnv != "":
		text := os.Getenv(a.PasswordEnv)
		if text == "" {
			return "", a.envError()
		}
		return text, nil
	case len(a.PasswordCommand) > 0:
		return files.run(a.PasswordCommand)
	}
	return a.Password.Reveal(), nil
}

// Allows tells whether a target that is not in the configuration may be logged in to at this address.
func (a *Auth) Allows(addr netip.Addr) bool { return contains(a.AllowedTargets, addr) }

// contains tells whether one of the networks holds the address.
func contains(networks []string, addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, text := range networks {
		if network, err := parseNetwork(text); err == nil && network.Contains(addr) {
			return true
		}
	}
	return false
}

// parseNetwork reads a CIDR prefix or a single address.
func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// isFingerprint tells whether text is a host key's fingerprint as OpenSSH prints it.
func isFingerprint(text string) bool {
	digest, ok := strings.CutPrefix(text, "SHA256:")
	sum, err := base64.RawStdEncoding.DecodeString(digest)
	return ok && err == nil && len(sum) == 32
}

// readSecret reads the file that a key names and that holds one secret, and takes off the newline that editors leave at its end.
func (a *Auth) readSecret(files *Files, key, file string) (string, error) {
	data, err := files.read(file)
	if err != nil {
		return "", a.secretFileError(key, file, err)
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if text == "" {
		return "", fmt.Errorf("%s %s is empty; write the secret into it", key, file)
	}
	if strings.ContainsAny(text, "\n\r") {
		return "", fmt.Errorf("%s %s has several lines; keep only the secret in it", key, file)
	}
	return text, nil
}

// fileError says why a file cannot be read.
func fileError(file string, err error) error {
	if looksLikeKey(file) {
		return errors.New("holds a key; write it to a file and name the file")
	}
	if errors.Is(err, fs.ErrNotExist) && namesHome(file) {
		return errors.New("names a path with ~, which only shells replace by a home directory; write the whole path")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s does not exist; create it or correct the path", file)
	}
	if errors.Is(err, errNotRegular) || errors.Is(err, errTooLarge) || errors.Is(err, errHangs) {
		return fmt.Errorf("%s cannot be used: %w; name a regular file", file, err)
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%s cannot be read: %w; make it a file that the exporter's user may read", file, err)
}
