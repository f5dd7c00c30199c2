//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const packageName, packageAccount = "netconf-exporter", "netconf_exporter"

// debian returns the package that `make packages` made of this tree.
func debian(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("../../dist/*_" + runtime.GOARCH + ".deb")
	if err != nil || len(files) != 1 {
		missing(t, fmt.Sprintf("dist/ has %d Debian packages (%v); make packages builds one", len(files), err))
	}
	need(t, "dpkg", "apt-get")
	if os.Geteuid() != 0 {
		missing(t, "installing a package needs root")
	}
	return files[0]
}

func TestTheDebianPackageIsInstalledRunsAndGoes(t *testing.T) {
	file := debian(t)
	if out, err := exec.Command("dpkg", "--status", packageName).CombinedOutput(); err == nil {
		t.Skipf("it is installed on this machine, and stays so:\n%s", out)
	}
	apt := func(arguments ...string) {
		t.Helper()
		cmd := exec.Command("apt-get", append([]string{"--option=DPkg::Lock::Timeout=120", "--yes", "--quiet"}, arguments...)...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("apt-get %v: %v\n%s", arguments, err, out)
		}
	}
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = exec.Command("dpkg", "--purge", packageName).Run() })
	apt("install", path)

	// Started as systemd would start it: by its account, with the unit's command.
	owner, err := user.Lookup(packageAccount)
	if err != nil {
		t.Fatal(err)
	}
	const unit = "/usr/lib/systemd/system/netconf_exporter.service"
	if _, err := exec.LookPath("systemd-analyze"); err == nil {
		if out, err := exec.Command("systemd-analyze", "verify", unit).CombinedOutput(); err != nil {
			t.Errorf("systemd refuses the unit: %v\n%s", err, out)
		}
	}
	command := unitCommand(t, unit)
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t, 0))
	command = append(command, "--web.listen-address="+address)
	cmd := exec.Command(command[0], command[1:]...)
	p := startAs(t, cmd, owner)
	waitFor(t, "the installed exporter to listen", func() bool {
		if !p.running() {
			t.Fatalf("it ended: %s", p.output.String())
		}
		response, err := http.Get("http://" + address + "/-/healthy")
		if err == nil {
			response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusOK
	})
	if status := p.stop(syscall.SIGTERM); status != 0 {
		t.Errorf("it ends with %d", status)
	}
	info, err := os.Stat("/etc/netconf_exporter/netconf.yml")
	if err != nil || info.Mode().Perm() != 0o640 || fmt.Sprint(info.Sys().(*syscall.Stat_t).Gid) != owner.Gid {
		t.Errorf("the configuration: %v, %v", info, err)
	}
	if out, err := exec.Command("/usr/bin/netconf_exporter", "--version").CombinedOutput(); err != nil || strings.Contains(string(out), "version unknown") {
		t.Errorf("--version: %v\n%s", err, out)
	}

	// What a person wrote outlives removal, and goes with a purge.
	apt("install", "--reinstall", path)
	apt("remove", packageName)
	if _, err := os.Stat("/etc/netconf_exporter/netconf.yml"); err != nil {
		t.Error(err)
	}
	apt("purge", packageName)
	for _, gone := range []string{"/etc/netconf_exporter", "/etc/default/netconf_exporter", "/usr/bin/netconf_exporter", "/usr/lib/systemd/system/netconf_exporter.service", "/usr/share/doc/" + packageName} {
		if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", gone, err)
		}
	}
	if _, err := user.Lookup(packageAccount); err == nil {
		t.Error("the account is still there")
	}
}

// unitCommand returns what a systemd unit starts, without the variables in it.
func unitCommand(t *testing.T, file string) (command []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if started, found := strings.CutPrefix(line, "ExecStart="); found {
			for _, word := range strings.Fields(started) {
				if !strings.HasPrefix(word, "$") {
					command = append(command, word)
				}
			}
		}
	}
	if len(command) == 0 {
		t.Fatalf("%s starts nothing", file)
	}
	return command
}

// startAs starts a program under another account.
func startAs(t *testing.T, cmd *exec.Cmd, owner *user.User) *process {
	t.Helper()
	uid, err := strconv.ParseUint(owner.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(owner.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Dir = "/"
	return start(t, cmd, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)})
}
