package inventory_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/inventory"
	"github.com/netconf-exporter/netconf_exporter/internal/store"
)

const base = `
auths: {lab: {username: a, password: b, insecure_ignore_host_key: true, allowed_targets: [198.51.100.0/24]}}
admin: {allowed_targets: [192.0.2.0/24]}
targets: [{name: edge1, address: 192.0.2.1, auth: lab}]
`

const fingerprint = "SHA256:Pl1vr6eIpZhJ5Pl1vr6eIpZhJ5Pl1vr6eIpZhJ5Pl1s"

// harness is an inventory with its files.
type harness struct {
	*inventory.Inventory
	file, folder string
	store        *store.Store
	log          bytes.Buffer

	mu    sync.Mutex
	force *config.Config
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	s := &harness{file: filepath.Join(t.TempDir(), "netconf.yml"), folder: filepath.Join(t.TempDir(), "data")}
	s.configure(t, base)
	s.open(t)
	return s
}

func (s *harness) open(t *testing.T) {
	t.Helper()
	var err error
	if s.store, err = store.Open(s.folder); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.store.Close)
	load := func() (*config.Config, error) { return config.Load([]string{s.file}) }
	if s.Inventory, s.force, err = inventory.Open(inventory.Options{Load: load, Folder: s.folder, Store: s.store, Logger: slog.New(slog.NewTextHandler(&s.log, nil))}); err != nil {
		t.Fatal(err)
	}
	s.OnChange(func(c *config.Config) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.force = c
		return nil
	})
}

func (s *harness) configure(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(s.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// inForce lists the targets in force.
func (s *harness) inForce() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.force.Targets {
		names = append(names, t.Name)
	}
	return names
}

func (s *harness) want(t *testing.T, names ...string) {
	t.Helper()
	if got := s.inForce(); !slices.Equal(got, names) {
		t.Errorf("in force are %v, want %v", got, names)
	}
}

func spec(name string) inventory.Spec {
	return inventory.Spec{Name: name, Address: "192.0.2.7", Username: "u", Password: "p", Fingerprint: fingerprint}
}

func (s *harness) put(t *testing.T, spec inventory.Spec, replaces bool) string {
	t.Helper()
	file, err := s.Put(spec, replaces)
	if err == nil {
		err = s.Publish()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAddedTargetsSurviveReloadsAndRestarts(t *testing.T) {
	s := newHarness(t)
	for i := range 20 {
		s.put(t, spec(fmt.Sprintf("new%02d", i)), false)
		s.configure(t, base+fmt.Sprintf("  # round %d\n", i))
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
		if len(s.inForce()) != i+2 {
			t.Fatalf("round %d: %v", i, s.inForce())
		}
	}
	s.store.Close()
	s.open(t)
	if len(s.inForce()) != 21 {
		t.Fatalf("after a restart: %v", s.inForce())
	}
	target, _ := s.force.Target("new07")
	password, err := new(config.Keyring).Password(s.force.Auths[target.Auth])
	if err != nil || password != "p" || target.Origin != config.OriginAPI {
		t.Errorf("%v %v", target, err)
	}
	for i := range 20 {
		if err := s.Remove(fmt.Sprintf("new%02d", i)); err != nil {
			t.Fatal(err)
		}
	}
	s.want(t, "edge1")
}

func TestReloadsAndChangesLoseNothingOfEachOther(t *testing.T) {
	s := newHarness(t)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if _, err := s.Put(spec(fmt.Sprintf("new%02d", i)), false); err != nil {
				t.Error(err)
			}
			if err := s.Publish(); err != nil {
				t.Error(err)
			}
			if i%4 == 0 {
				if err := s.Remove(fmt.Sprintf("new%02d", i)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			if err := s.Reload(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(s.inForce()) != 31 {
		t.Errorf("%d targets are in force, want 31: %v", len(s.inForce()), s.inForce())
	}
}

func TestReplacing(t *testing.T) {
	s := newHarness(t)
	first := s.put(t, spec("new"), false)
	for i := range 20 {
		changed := spec("new")
		changed.Password = config.Secret(fmt.Sprint("p", i))
		changed.Labels = map[string]string{"round": fmt.Sprint(i)}
		if file := s.put(t, changed, true); file != first {
			t.Errorf("stored at %s, then at %s", first, file)
		}
		target, _ := s.force.Target("new")
		if password, _ := new(config.Keyring).Password(s.force.Auths[target.Auth]); password != fmt.Sprint("p", i) || target.Labels["round"] != fmt.Sprint(i) {
			t.Errorf("round %d: %q %v", i, password, target.Labels)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(first)); len(entries) != 2 {
		t.Errorf("%v", entries)
	}
}

func TestTheConfigurationWins(t *testing.T) {
	s := newHarness(t)
	s.put(t, spec("new"), false)
	s.configure(t, base+"  - {name: new, address: 192.0.2.9, auth: lab}\n")
	s.configure(t, strings.Replace(base, "auth: lab}]", "auth: lab}, {name: new, address: 192.0.2.9, auth: lab}]", 1))
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	s.want(t, "edge1", "new")
	for range 3 {
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(s.log.String(), "which wins"); n != 1 {
		t.Errorf("the log says it %d times, want once:\n%s", n, s.log.String())
	}
	if target, _ := s.force.Target("new"); target.Address != "192.0.2.9" {
		t.Errorf("%+v", target)
	}
	var owned *inventory.OwnedError
	if err := s.Remove("new"); !errors.As(err, &owned) {
		t.Errorf("%v", err)
	}
	if _, err := s.Put(spec("new"), true); !errors.As(err, &owned) || !strings.Contains(err.Error(), "is in the configuration") {
		t.Errorf("%v", err)
	}
	s.configure(t, base)
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if target, _ := s.force.Target("new"); target == nil || target.Address != "192.0.2.7" {
		t.Errorf("the stored target does not come back: %+v", target)
	}
}

func TestAFileEditedByHand(t *testing.T) {
	s := newHarness(t)
	file := s.put(t, spec("new"), false)
	s.put(t, spec("other"), false)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Reload(); err != nil {
			t.Errorf("a stored file that is bad keeps all else from being reloaded: %v", err)
		}
	}
	for _, nonsense := range []string{"", "{", "\x00\xff", "targets: []", strings.Replace(string(good), "192.0.2.7", "a b", 1),
		strings.ReplaceAll(string(good), "name: new", "name: other"), "targets: [{name: x, address: y, auth: nobody}]"} {
		edit(nonsense)
		if target, _ := s.force.Target("new"); target == nil || target.Address != "192.0.2.7" || len(s.inForce()) != 3 {
			t.Errorf("with %q in force are %v, %+v", nonsense, s.inForce(), target)
		}
	}
	edit(strings.Replace(string(good), "192.0.2.7", "192.0.2.8", 1))
	if target, _ := s.force.Target("new"); target.Address != "192.0.2.8" {
		t.Errorf("%+v", target)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	s.want(t, "edge1", "other")
}

func TestAnythingCanBeNamedAndInjectsNothing(t *testing.T) {
	s := newHarness(t)
	odd := []string{"a: b", "- x", "#", "'", `"`, "{x}", "[x]", "&a", "*a", "!!str x", "null", "~", "true", "1e3", "0x10", "a'b\"c", "<script>", "名", "../../x",
		"a/b", "%2e%2e", "@", "`", "|", ">", "key: {password: x}", "\u00a0x"}
	added := 0
	for i, name := range odd {
		one := spec(name)
		one.Username, one.Password = "u"+name, config.Secret("p"+name)
		one.Labels = map[string]string{"note": name}
		if inventory.CheckName(name) != nil {
			continue
		}
		added++
		s.put(t, one, false)
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
		target, ok := s.force.Target(name)
		if !ok || target.Labels["note"] != name || len(s.force.Targets) != added+1 {
			t.Errorf("%d: %q became %+v", i, name, target)
			continue
		}
		auth := s.force.Auths[target.Auth]
		if password, err := new(config.Keyring).Password(auth); err != nil || password != "p"+name || auth.Username != "u"+name {
			t.Errorf("%q: %q %v", name, password, err)
		}
	}
	if added < 25 {
		t.Errorf("only %d names were taken", added)
	}
}

func TestWhatIsRefused(t *testing.T) {
	s := newHarness(t)
	s.put(t, spec("new"), false)
	for name, test := range map[string]struct {
		change func(*inventory.Spec)
		want   string
	}{
		"no name":           {func(s *inventory.Spec) { s.Name = "" }, "the name is empty"},
		"control":           {func(s *inventory.Spec) { s.Name = "a\nb" }, "cannot be seen"},
		"direction":         {func(s *inventory.Spec) { s.Name = "a\u202eb" }, "cannot be seen"},
		"not UTF-8":         {func(s *inventory.Spec) { s.Name = "a\xffb" }, "cannot be seen"},
		"space":             {func(s *inventory.Spec) { s.Name = " a" }, "begins or ends with a space"},
		"dots":              {func(s *inventory.Spec) { s.Name = ".." }, "stands for a folder"},
		"long":              {func(s *inventory.Spec) { s.Name = strings.Repeat("x", 129) }, "more than 128 characters"},
		"taken":             {func(s *inventory.Spec) { s.Name = "new" }, "is called \"new\" already"},
		"configured":        {func(s *inventory.Spec) { s.Name = "edge1" }, "is called \"edge1\" already"},
		"no address":        {func(s *inventory.Spec) { s.Address = "" }, "has no address"},
		"URL":               {func(s *inventory.Spec) { s.Address = "http://x/" }, "is not an address"},
		"zone":              {func(s *inventory.Spec) { s.Address = "fe80::1%eth0" }, "characters that no address has"},
		"port":              {func(s *inventory.Spec) { s.Address = "h:99999" }, "has a port that is not a number"},
		"nothing to log":    {func(s *inventory.Spec) { s.Username, s.Password = "", "" }, "nothing to log in with"},
		"no password":       {func(s *inventory.Spec) { s.Password = "" }, "the password is missing"},
		"both":              {func(s *inventory.Spec) { s.Auth = "lab" }, "keep one of them"},
		"unknown auth":      {func(s *inventory.Spec) { s.Auth, s.Username, s.Password = "lap", "", "" }, "is not under auths"},
		"another's auth":    {func(s *inventory.Spec) { s.Auth, s.Username, s.Password = "stored:new", "", "" }, "is not under auths"},
		"line break":        {func(s *inventory.Spec) { s.Password = "a\nb" }, "holds a line break"},
		"user line break":   {func(s *inventory.Spec) { s.Username = "a\nb" }, "holds a line break"},
		"fingerprint":       {func(s *inventory.Spec) { s.Fingerprint = "MD5:00" }, "is not of the form SHA256:"},
		"module":            {func(s *inventory.Spec) { s.Modules = []string{"nothing"} }, `module "nothing" is not known`},
		"label name":        {func(s *inventory.Spec) { s.Labels = map[string]string{"a-b": "c"} }, "is not a valid name"},
		"label taken":       {func(s *inventory.Spec) { s.Labels = map[string]string{"instance": "c"} }, "is set by Prometheus"},
		"label value":       {func(s *inventory.Spec) { s.Labels = map[string]string{"a": "c\nd"} }, "control characters"},
		"unknown transport": {func(s *inventory.Spec) { s.Transport = "telnet" }, "transport"},
	} {
		one := spec("fresh")
		test.change(&one)
		_, _, err := s.Fit(one, false)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "AAAAAAA") {
			t.Errorf("%s: %v; want %s", name, err, test.want)
		}
	}
	if _, _, err := s.Fit(spec("fresh"), true); !errors.Is(err, inventory.ErrUnknown) {
		t.Errorf("replacing nothing: %v", err)
	}
	if err := s.Remove("fresh"); !errors.Is(err, inventory.ErrUnknown) {
		t.Errorf("removing nothing: %v", err)
	}
	unknown := spec("fresh")
	unknown.Fingerprint = ""
	target, auth, err := s.Fit(unknown, false)
	if err != nil || len(auth.HostKeyFingerprints) != 0 || auth.InsecureIgnoreHostKey || !auth.Stored || target.Origin != config.OriginAPI {
		t.Errorf("%+v %v", auth, err)
	}
	if got := slices.Sorted(maps.Keys(s.force.Auths)); !slices.Equal(got, []string{"lab", "stored:new"}) {
		t.Errorf("trying leaves auths: %v", got)
	}
}
