package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// mostName bounds a file's name without its suffixes, in bytes; file systems allow 255 with them.
const mostName = 180

// fileName makes a file's name of a target's: letters, digits, - and _ stand for themselves, and a dot that is not the first;
// other bytes become %XX, as in a URL. A long one ends in a digest.
func fileName(name string) string {
	var out strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.' && i > 0:
			out.WriteByte(c)
		default:
			_, _ = fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	if out.Len() <= mostName {
		return out.String()
	}
	digest := sha256.Sum256([]byte(name))
	return out.String()[:mostName-33] + "%" + hex.EncodeToString(digest[:16])
}

// random makes names that no other file has.
func random() string {
	var bytes [8]byte
	_, _ = rand.Read(bytes[:]) // it never fails
	return hex.EncodeToString(bytes[:])
}

// writeNew writes a file that did not exist and brings it to the disk. Without success there is none.
func writeNew(file string, data []byte) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(file)
	}
	return err
}

// replace gives a file new content: at every moment it has all of the old or all of the new one.
func replace(file string, data []byte) error {
	part := filepath.Join(filepath.Dir(file), "."+random()+temporarySuffix)
	if err := writeNew(part, data); err != nil {
		return err
	}
	if err := os.Rename(part, file); err != nil {
		_ = os.Remove(part)
		return err
	}
	return syncFolder(filepath.Dir(file))
}

// remove removes a file, which may be gone already.
func remove(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncFolder(filepath.Dir(file))
}

// syncFolder brings the names in a folder to the disk.
func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// makeFolder makes a folder that only the program's user can enter, unless it is there.
func makeFolder(folder string) error {
	if info, err := os.Stat(folder); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "open", Path: folder, Err: errors.New("not a folder")}
		}
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(folder))
}
