package config

import (
	"os"
	"path/filepath"
	"strings"
)

// expand lists the files that a pattern matches, in order. A path without *, ? or [ stands for itself, whether it exists or not.
// Directories are left out (ConfigMap mounts have some), and, as in a shell, * matches no leading dot (editors' temporary files).
func expand(pattern string) ([]string, error) {
	if _, err := os.Stat(pattern); err == nil || !strings.ContainsAny(pattern, "*?[") {
		return []string{pattern}, nil
	}
	matches, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, file := range matches {
		secretive := strings.HasPrefix(filepath.Base(file), ".") && !strings.HasPrefix(filepath.Base(pattern), ".")
		if info, err := os.Stat(file); secretive || (err == nil && info.IsDir()) {
			continue
		}
		files = append(files, file)
	}
	return files, nil
}

// inDir makes a path that a file names relative to the file's own directory.
func inDir(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// resolve makes the auth's paths relative to the directory of the file that it stands in.
func (a *Auth) resolve(dir string) {
	for _, path := range []*string{&a.PasswordFile, &a.PrivateKeyFile, &a.PrivateKeyPassphraseFile, &a.KnownHostsFile} {
		*path = inDir(dir, *path)
	}
	a.PasswordCommand.resolve(dir)
	a.TLSConfig.resolve(dir)
}
