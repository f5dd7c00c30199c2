package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Fingerprint tells whether files of a configuration have changed: those that patterns name, and those of the target_files of c, which
// may be nil. A file that cannot be read has a fingerprint too.
func (f *Files) Fingerprint(patterns []string, c *Config) string {
	all := slices.Clone(patterns)
	if c != nil {
		all = append(all, c.TargetFiles...)
	}
	digest := sha256.New()
	for _, pattern := range all {
		files, err := f.list(pattern)
		_, _ = fmt.Fprintf(digest, "%q %q %v\n", pattern, files, err)
		for _, file := range files {
			data, err := f.read(file)
			_, _ = fmt.Fprintf(digest, "%d %v\n", len(data), err)
			_, _ = digest.Write(data)
		}
	}
	return hex.EncodeToString(digest.Sum(nil))
}
