//go:build linux

// Package smallfs gives tests a file system that can be full or read-only. It needs root.
package smallfs

import (
	"os"
	"syscall"
	"testing"
)

// Mount mounts a small file system that ends with the test, and returns its folder. options are those of tmpfs, such as size=64k.
func Mount(t testing.TB, options string) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("none", folder, "tmpfs", 0, options); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("a small file system cannot be mounted: %v; run as root", err)
		}
		t.Skipf("a small file system cannot be mounted: %v; run as root", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	return folder
}

// Fill writes to a file until its file system is full.
func Fill(t testing.TB, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
}
