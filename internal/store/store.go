// Package store keeps what is added while the exporter runs in a folder: one configuration file for each target, its password
// in a file beside it, and a record of each task. A file is there as a whole or not at all, whenever the program is killed.
//
//	targets/NAME.yml             in the form of a configuration, to be read and edited by hand
//	targets/NAME.RANDOM.password 0600, named by the file above
//	tasks/ID.json
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Store is a folder that only this program writes to. It is safe for concurrent use.
type Store struct {
	folder string
	lock   *os.File // held while the program runs

	mu sync.Mutex // one change of the targets at a time: a secret and the file that names it belong together
}

// Error says that the folder cannot be written.
type Error struct {
	Folder string
	Full   bool // there is no room
	Err    error
}

func (e *Error) Error() string {
	if e.Full {
		return fmt.Sprintf("the storage folder %s has no room: %v; make some", e.Folder, e.Err)
	}
	return fmt.Sprintf("the storage folder %s cannot be written: %v; let the exporter's user write there, or name another one with --storage.path", e.Folder, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

func (s *Store) failed(err error) error {
	if err == nil {
		return nil
	}
	full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	return &Error{Folder: s.folder, Full: full, Err: err}
}

// Open prepares the folder for writing, and removes what a killed program left unfinished. No other program can open it until
// Close.
func Open(folder string) (*Store, error) {
	s := &Store{folder: folder}
	for _, dir := range []string{folder, s.targets(), s.tasks()} {
		if err := makeFolder(dir); err != nil {
			return nil, s.failed(err)
		}
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDONLY, 0o600)
	if err != nil {
		return nil, s.failed(err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("the storage folder %s is used by another netconf_exporter; stop that one, or name another folder with --storage.path", folder)
		}
		return nil, s.failed(err)
	}
	s.lock = lock
	if err := s.Tidy(); err != nil {
		lock.Close()
		return nil, err
	}
	return s, nil
}

// Close lets another program open the folder.
func (s *Store) Close() { s.lock.Close() }

func (s *Store) targets() string { return filepath.Join(s.folder, "targets") }
func (s *Store) tasks() string   { return filepath.Join(s.folder, "tasks") }

// Files lists the files of the targets that are stored in a folder, in order. A folder that does not exist has none.
func Files(folder string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(folder, "targets"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the storage folder %s cannot be read: %w; let the exporter's user read it", folder, err)
	}
	var files []string
	for _, entry := range entries {
		if isTarget(entry.Name()) && !entry.IsDir() {
			files = append(files, filepath.Join(folder, "targets", entry.Name()))
		}
	}
	return files, nil
}

const (
	targetSuffix    = ".yml"
	secretSuffix    = ".password"
	temporarySuffix = ".part" // written, and not yet what it will be
)

func isTarget(name string) bool {
	return strings.HasSuffix(name, targetSuffix) && !strings.HasPrefix(name, ".")
}
