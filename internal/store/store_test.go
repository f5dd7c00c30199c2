package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/smallfs"
	"github.com/netconf-exporter/netconf_exporter/internal/store"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

func open(t *testing.T, folder string) *store.Store {
	t.Helper()
	s, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// naming is the content of a file that names its password.
func naming(passwordFile string) ([]byte, error) {
	return fmt.Appendf(nil, "auths: {a: {username: u, password_file: %s}}\n", passwordFile), nil
}

// names lists the files below a folder.
func names(t *testing.T, folder string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(folder, path)
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestPutReplaceRemove(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	s := open(t, folder)
	file := ""
	for round := range 20 {
		var err error
		if file, err = s.Put("edge1", file, fmt.Sprint("secret", round), naming); err != nil {
			t.Fatal(err)
		}
		found := names(t, filepath.Join(folder, "targets"))
		if len(found) != 2 || !slices.Contains(found, "edge1.yml") {
			t.Fatalf("round %d: %v", round, found)
		}
		for _, name := range found {
			path := filepath.Join(folder, "targets", name)
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v %v", name, info.Mode(), err)
			}
			if text, _ := os.ReadFile(path); strings.HasSuffix(name, ".password") && string(text) != fmt.Sprintf("secret%d\n", round) {
				t.Errorf("%s holds %q", name, text)
			}
		}
	}
	files, err := store.Files(folder)
	if err != nil || !slices.Equal(files, []string{file}) {
		t.Errorf("%v, %v; want %s", files, err, file)
	}
	if err := s.Remove(file); err != nil {
		t.Fatal(err)
	}
	if found := names(t, filepath.Join(folder, "targets")); len(found) > 0 {
		t.Errorf("left behind: %v", found)
	}
	if err := s.Remove(file); err != nil {
		t.Errorf("what is gone already: %v", err)
	}
}

func TestNamesBecomeFilesInsideTheFolder(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	odd := []string{"edge1", "EDGE1", "../../etc/passwd", "/", ".", "..", ".hidden", "a/b", "a%2Fb", `a\b`, "ä", "名", "a b", "a\x00b", "a\nb", "-", "nul.yml",
		strings.Repeat("x", 300), strings.Repeat("x", 301), strings.Repeat("名", 100), `"<i>'`, "edge1.0123456789abcdef"}
	seen := map[string]string{}
	for _, name := range odd {
		file, err := s.Put(name, "", "secret", naming)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if filepath.Dir(file) != filepath.Join(folder, "targets") || seen[file] != "" {
			t.Errorf("%q is stored at %s, as is %q", name, file, seen[file])
		}
		seen[file] = name
	}
	if files, err := store.Files(folder); err != nil || len(files) != len(odd) {
		t.Errorf("%d files of %d, %v", len(files), len(odd), err)
	}
	if err := s.Tidy(); err != nil {
		t.Fatal(err)
	}
	if all := names(t, filepath.Join(folder, "targets")); len(all) != 2*len(odd) {
		t.Errorf("%d files of %d targets", len(all), len(odd))
	}
}

func TestOrphansAreRemovedAndNothingElse(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	for _, name := range []string{"edge1", "edge2"} {
		if _, err := s.Put(name, "", "secret", naming); err != nil {
			t.Fatal(err)
		}
	}
	kept := names(t, folder)
	for name, text := range map[string]string{
		"targets/edge1.0123456789abcdef.password": "orphan", // of an older edge1
		"targets/gone.0123456789abcdef.password":  "orphan",
		"targets/.0123456789abcdef.part":          "orphan",
		"tasks/.0123456789abcdef.part":            "orphan",
		"targets/mine.password":                   "", // a person's
		"targets/edge3.yml":                       "{being edited",
		"targets/edge3.0123456789abcdef.password": "",
		"notes.txt": "",
	} {
		if text != "orphan" {
			kept = append(kept, name)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	open(t, folder)
	slices.Sort(kept)
	found := names(t, folder)
	slices.Sort(found)
	if !slices.Equal(found, kept) {
		t.Errorf("found %v\nwant %v", found, kept)
	}
}

// TestAFileThatAPersonSpoilsOrRemoves is put again, and removed, and leaves no password.
func TestAFileThatAPersonSpoilsOrRemoves(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	for range 2 {
		file, err := s.Put("edge1", "", "secret", naming)
		if err != nil {
			t.Fatal(err)
		}
		if all := names(t, filepath.Join(folder, "targets")); len(all) != 2 {
			t.Errorf("after it was put: %v", all)
		}
		if err := os.WriteFile(file, []byte("{being edited"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(folder, "targets", "edge1.yml")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(file); err != nil {
		t.Fatal(err)
	}
	if all := names(t, filepath.Join(folder, "targets")); len(all) != 0 {
		t.Errorf("after it was removed: %v", all)
	}
}

func TestOneProgramAtATime(t *testing.T) {
	folder := t.TempDir()
	open(t, folder)
	if _, err := store.Open(folder); err == nil || !strings.Contains(err.Error(), "is used by another netconf_exporter") {
		t.Errorf("%v", err)
	}
}

func TestAFolderThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(file); err == nil || !strings.Contains(err.Error(), "cannot be written") || !strings.Contains(err.Error(), "--storage.path") {
		t.Errorf("a file: %v", err)
	}
	if files, err := store.Files(filepath.Join(t.TempDir(), "none")); err != nil || files != nil {
		t.Errorf("no folder: %v, %v", files, err)
	}

	folder := smallfs.Mount(t, "size=64k,nr_inodes=40")
	s := open(t, folder)
	first, err := s.Put("edge0", "", "secret", naming)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(first)
	smallfs.Fill(t, filepath.Join(folder, "fill"))
	var full *store.Error
	if _, err := s.Put("edge0", first, "another", naming); !errors.As(err, &full) || !full.Full || !strings.Contains(err.Error(), "has no room") {
		t.Errorf("a full disk: %v", err)
	}
	if err := s.PutTask(task.Task{ID: "1"}); !errors.As(err, &full) || !full.Full {
		t.Errorf("a full disk: %v", err)
	}
	if now, _ := os.ReadFile(first); string(now) != string(text) || len(names(t, filepath.Join(folder, "targets"))) != 2 {
		t.Errorf("a full disk changes what is there: %v", names(t, folder))
	}
	if err := os.Remove(filepath.Join(folder, "fill")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", folder, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatalf("the folder stays writable: %v", err)
	}
	if _, err := s.Put("edge1", "", "secret", naming); !errors.As(err, &full) || full.Full || !strings.Contains(err.Error(), "read-only file system") {
		t.Errorf("a read-only folder: %v", err)
	}
	if err := s.Remove(first); !errors.As(err, &full) {
		t.Errorf("a read-only folder: %v", err)
	}
}

func TestTasksAreKept(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	var wg sync.WaitGroup
	began := time.Now().UTC()
	for i := range 20 {
		wg.Go(func() {
			if err := s.PutTask(task.Task{ID: fmt.Sprintf("%02d", i), Created: began.Add(-time.Duration(i) * time.Second), State: task.Running}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := os.WriteFile(filepath.Join(folder, "tasks", "x.json"), []byte("{half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.RemoveTask("07")
	tasks, err := s.Tasks()
	if err != nil || len(tasks) != 19 || tasks[0].ID != "19" || tasks[18].ID != "00" {
		t.Errorf("%v, %v", tasks, err)
	}
}
