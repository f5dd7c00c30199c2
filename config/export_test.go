package config

import "time"

// FileTimeout is how long the reading of a file may take.
const FileTimeout time.Duration = fileTimeout

// ReadWith is what Files does to read a file, with another way to read.
func (f *Files) ReadWith(name string, read func() ([]byte, error)) ([]byte, error) {
	r := f.share(name, func(r *fileRead) { r.data, r.err = read() })
	return r.data, r.err
}
