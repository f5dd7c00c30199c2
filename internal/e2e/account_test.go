//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// accountComment marks the account as one that the tests have created and may remove.
const accountComment = "netconf_exporter end-to-end tests"

// account creates the account with which tests log in to the device, once for all tests.
var account = sync.OnceValue(makeAccount)

// makeAccount makes the account, or takes over the one that a killed run or somebody else left. Its password is public, so the
// account expires, should this run be killed before it can remove it. It belongs to a group that is always there: one of its own
// could be left alone, and useradd refuses a name that a group has.
func makeAccount() error {
	make := []string{"useradd", "--no-create-home", "--home-dir=/", "--shell=/bin/sh", "--no-user-group", "--gid=nogroup", "--comment=" + accountComment}
	if _, exists := passwdEntry(deviceUser); exists {
		make = []string{"usermod", "--shell=/bin/sh"}
	}
	expires := "--expiredate=" + time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	for _, cmd := range []*exec.Cmd{exec.Command(make[0], append(make[1:], expires, deviceUser)...), exec.Command("chpasswd")} {
		cmd.Stdin = strings.NewReader(deviceUser + ":" + devicePassword + "\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("make the account %s: %w: %s", deviceUser, err, out)
		}
	}
	return nil
}

// removeAccount removes the account, unless somebody else made it.
func removeAccount() {
	if entry, exists := passwdEntry(deviceUser); exists && strings.Contains(entry, ":"+accountComment+":") {
		exec.Command("userdel", "--force", deviceUser).Run()
	}
}

// passwdEntry is the line of a user in /etc/passwd.
func passwdEntry(user string) (line string, exists bool) {
	passwd, _ := os.ReadFile("/etc/passwd")
	for line := range strings.Lines(string(passwd)) {
		if strings.HasPrefix(line, user+":") {
			return line, true
		}
	}
	return "", false
}

// What an earlier run left is taken over: its account, its group alone, and the account of somebody else, which stays.
func TestTheAccountIsTakenOver(t *testing.T) {
	need(t, "useradd", "groupadd")
	if os.Geteuid() != 0 {
		missing(t, "making accounts needs root")
	}
	t.Cleanup(func() { makeAccount() }) // for the tests that run later
	for left, commands := range map[string][][]string{
		"nothing":               {},
		"a group":               {{"groupadd", deviceUser}},
		"our account":           {{"useradd", "--no-create-home", "--comment=" + accountComment, deviceUser}},
		"an account, no expiry": {{"useradd", "--no-create-home", "--comment=somebody", deviceUser}},
	} {
		t.Run(left, func(t *testing.T) {
			removeAccount()
			for _, command := range commands {
				if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
					t.Fatalf("%v: %v: %s", command, err, out)
				}
			}
			defer exec.Command("groupdel", deviceUser).Run()
			if err := makeAccount(); err != nil {
				t.Error(err)
			}
			shadow, err := os.ReadFile("/etc/shadow")
			if err != nil || !strings.Contains("\n"+string(shadow), "\n"+deviceUser+":$") {
				t.Errorf("%s has no password: %v", deviceUser, err)
			}
			removeAccount()
			if entry, stays := passwdEntry(deviceUser); stays != strings.Contains(entry, "somebody") {
				t.Errorf("after the tests: %q", entry)
			}
			if stays := strings.Contains(left, "expiry"); stays {
				exec.Command("userdel", "--force", deviceUser).Run()
			}
		})
	}
}
