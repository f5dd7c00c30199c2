package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// People type secrets into wrong keys: a private key in place of its file's name, or a password in an address. This file decides
// which values errors may quote.

// mayShow reports whether the value of a key such as password_file is a path, and not the secret itself: the file exists, or the
// value names a folder that exists.
func (a *Auth) mayShow(file string) bool {
	if looksLikeKey(file) {
		return false
	}
	if _, err := os.Lstat(file); err == nil {
		return true
	}
	if a.Stored { // the exporter has chosen the name
		return true
	}
	folder := filepath.Dir(file)
	if folder == filepath.Dir(folder) || a.Position.File != "" && folder == filepath.Dir(a.Position.File) {
		return false
	}
	info, err := os.Stat(folder)
	return err == nil && info.IsDir()
}

// secretFileError says why the file that a key names cannot be read, or that the key holds something else than a file.
func (a *Auth) secretFileError(key, file string, err error) error {
	switch {
	case errors.Is(err, errHangs): // so would a look whether it is a path
		return fmt.Errorf("%s names a file that cannot be used: %w", key, err)
	case a.mayShow(file), namesHome(file):
		return fmt.Errorf("%s %w", key, fileError(file, err))
	case looksLikeKey(file):
		return fmt.Errorf("%s holds a key; write it to a file and name the file", key)
	}
	return fmt.Errorf("%s names no file that exists (it is not shown, because it may be the secret itself); write the secret to a file, "+
		"and name the file with its folder", key)
}

// namesHome tells whether a path has a folder such as ~ or ~operator.
func namesHome(path string) bool { return regexp.MustCompile(`(^|/)~\w*/`).MatchString(path) }

func looksLikeKey(text string) bool {
	return strings.Contains(text, "-----") || strings.ContainsAny(text, "\n\r") || strings.Contains(text, "PuTTY-User-Key")
}

// envError says that the environment has no variable of the name that password_env gives.
func (a *Auth) envError() error {
	if !regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$`).MatchString(a.PasswordEnv) {
		return errors.New("password_env names no variable of the exporter's environment (it is not shown, because it may be the secret " +
			"itself); set the variable, or use password_file")
	}
	return fmt.Errorf("password_env %s is not set in the exporter's environment; set it, or use password_file", a.PasswordEnv)
}

// quoteAddress quotes a wrong address, unless it holds something that belongs to no address.
func quoteAddress(text string) string {
	if !regexp.MustCompile(`^([a-z]+://)?[\w.-]*(:[0-9]*)?/?$|^\[?[0-9a-fA-F:.]+(%\w+)?\]?(:[0-9]*)?$`).MatchString(text) {
		return "(not shown, because it may hold a secret)"
	}
	return fmt.Sprintf("%q", text)
}

// plainAddress is a text that looks like an address, else ADDRESS.
func plainAddress(text string) string {
	if _, _, err := splitAddress(text); err != nil {
		return "ADDRESS"
	}
	return text
}

// quoteName quotes the target's name, which is its address if it was given none.
func (t *Target) quoteName() string {
	if _, _, err := splitAddress(t.Address); err != nil && t.Name == t.Address {
		return quoteAddress(t.Name)
	}
	return fmt.Sprintf("%q", t.Name)
}

// quoteFingerprint quotes what looks like a fingerprint or a public key.
func quoteFingerprint(text string) string {
	if !regexp.MustCompile(`^(SHA256:|MD5:|ssh-|ecdsa-)`).MatchString(text) {
		return "(not shown, because it may be a secret)"
	}
	return fmt.Sprintf("%q", text)
}
