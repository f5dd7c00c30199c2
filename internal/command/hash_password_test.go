package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/netconf-exporter/netconf_exporter/internal/command"
)

func TestHashPassword(t *testing.T) {
	hash := func(line string) result {
		t.Helper()
		file := filepath.Join(t.TempDir(), "line")
		if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		in, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		return run(t, command.HashPassword{Stdin: in})
	}
	for _, line := range []string{"hunter2", "hunter2\n", "hunter2\r\nmore\n"} {
		r := hash(line)
		if r.err != nil {
			t.Fatal(r.err)
		}
		if err := bcrypt.CompareHashAndPassword([]byte(strings.TrimSuffix(r.stdout.String(), "\n")), []byte("hunter2")); err != nil {
			t.Errorf("%q is hashed as %s: %v", line, r.stdout, err)
		}
	}
	wantError(t, hash("\n").err, "is empty")
	wantError(t, hash(strings.Repeat("x", 73)).err, "72 bytes")
}
