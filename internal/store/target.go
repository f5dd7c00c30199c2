package store

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// Put stores a target under its name and returns its file. text gives the file's content, for the name of the file beside it that
// holds the password; without a password that name is "". Whatever was stored before at file, "" for nothing, is replaced.
func (s *Store) Put(name, file, password string, text func(passwordFile string) ([]byte, error)) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if file == "" {
		file = filepath.Join(s.targets(), fileName(name)+targetSuffix)
	}
	secret := ""
	if password != "" {
		secret = stem(file) + "." + random() + secretSuffix
		if err := writeNew(filepath.Join(s.targets(), secret), []byte(password+"\n")); err != nil {
			return "", s.failed(err)
		}
	}
	content, err := text(secret)
	if err == nil {
		err = s.failed(replace(file, content))
	}
	s.removeOrphans(file) // the new secret, if the file could not be replaced
	if err != nil {
		return "", err
	}
	return file, nil
}

// Remove removes a stored target with its password.
func (s *Store) Remove(file string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := remove(file); err != nil {
		return s.failed(err)
	}
	s.removeOrphans(file)
	return nil
}

// removeOrphans removes the secrets of a file that it does not name. One that stays, for whatever reason, is removed at the next start.
func (s *Store) removeOrphans(file string) {
	entries, _ := os.ReadDir(s.targets())
	for _, entry := range entries {
		if name := entry.Name(); owner(name) == stem(file) && s.isOrphan(name) {
			_ = remove(filepath.Join(s.targets(), name))
		}
	}
}

// Tidy removes the passwords that belong to no target, and what was not written to its end. It leaves alone the passwords of a
// file that cannot be read: a person may be editing it.
func (s *Store) Tidy() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, folder := range []string{s.targets(), s.tasks()} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return s.failed(err)
		}
		for _, entry := range entries {
			name := entry.Name()
			unfinished := strings.HasPrefix(name, ".") && strings.HasSuffix(name, temporarySuffix)
			if unfinished || folder == s.targets() && s.isOrphan(name) {
				if err := remove(filepath.Join(folder, name)); err != nil {
					return s.failed(err)
				}
			}
		}
	}
	return nil
}

// isOrphan reports whether a file in the folder of the targets is a password of ours that its target does not name.
func (s *Store) isOrphan(name string) bool {
	target := owner(name)
	if target == "" {
		return false
	}
	file := filepath.Join(s.targets(), target+targetSuffix)
	text, err := os.ReadFile(file)
	if err != nil {
		return os.IsNotExist(err)
	}
	return yaml.Unmarshal(text, new(yaml.Node)) == nil && !bytes.Contains(text, []byte(name))
}

// stem is what the names of a target's files begin with.
func stem(file string) string { return strings.TrimSuffix(filepath.Base(file), targetSuffix) }

// owner is the stem of the target that a password of ours was written for; "" for every other file.
func owner(name string) string {
	rest, ok := strings.CutSuffix(name, secretSuffix)
	i := strings.LastIndexByte(rest, '.')
	if !ok || i < 0 || len(rest)-i != 17 || strings.Trim(rest[i+1:], "0123456789abcdef") != "" {
		return ""
	}
	return rest[:i]
}
