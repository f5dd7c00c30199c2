package account_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netconf-exporter/netconf_exporter/internal/account"
)

// network is a set of devices behind one authentication server, and an exporter that logs in to them.
type network struct {
	t        *testing.T
	accounts account.Accounts
	answer   func(device string, s account.Secret) verdict
	takes    time.Duration // one login

	mu      sync.Mutex
	reached map[string]int // logins by device
	refused []time.Time    // when passwords were refused or not answered
	most    atomic.Int32   // logins at a time
	now     atomic.Int32
}

type verdict int

const (
	good verdict = iota
	refused
	unanswered
)

var errWrong = errors.New("wrong")

func newNetwork(t *testing.T, answer func(device string, s account.Secret) verdict) *network {
	return &network{t: t, answer: answer, takes: 100 * time.Millisecond, reached: map[string]int{}}
}

func secret(password string) account.Secret {
	s := account.Secret{User: "monitor"}
	copy(s.Digest[:], password)
	return s
}

// login is one try of a scrape, as a session does it.
func (n *network) login(s account.Secret, device string) error {
	if err := n.accounts.Check(s, device); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	login, err := n.accounts.Begin(ctx, s, device)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.reached[device]++
	n.mu.Unlock()
	if now := n.now.Add(1); now > n.most.Load() {
		n.most.Store(now)
	}
	answer := n.answer(device, s)
	time.Sleep(n.takes)
	n.now.Add(-1)
	switch answer {
	case good:
		login.Succeeded()
		return nil
	case refused:
		login.Refused(errWrong)
	default:
		login.Unanswered(errWrong)
	}
	n.mu.Lock()
	n.refused = append(n.refused, time.Now())
	n.mu.Unlock()
	return errWrong
}

// round tries all devices at once, and returns how many logged in.
func (n *network) round(s account.Secret, devices []string) int {
	var in atomic.Int32
	var wg sync.WaitGroup
	for _, device := range devices {
		wg.Go(func() {
			if n.login(s, device) == nil {
				in.Add(1)
			}
		})
	}
	wg.Wait()
	return int(in.Load())
}

// check fails if more than two refusals lie within ten minutes.
func (n *network) check() {
	n.t.Helper()
	for i := 2; i < len(n.refused); i++ {
		if apart := n.refused[i].Sub(n.refused[i-2]); apart < 10*time.Minute {
			n.t.Fatalf("3 refusals within %v", apart)
		}
	}
}

func names(n int) (devices []string) {
	for i := range n {
		devices = append(devices, fmt.Sprintf("192.0.2.%d:830", i))
	}
	return devices
}

func always(v verdict) func(string, account.Secret) verdict {
	return func(string, account.Secret) verdict { return v }
}

// TestWrongSecret tries a wrong password on 50 devices, four times a minute for two hours: two logins in ten minutes, each time
// at other devices.
func TestWrongSecret(t *testing.T) {
	for name, answer := range map[string]verdict{"refused": refused, "unanswered": unanswered} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t, always(answer))
				for range 480 {
					n.round(secret("wrong"), names(50))
					time.Sleep(15 * time.Second)
				}
				n.check()
				if got := len(n.refused); got < 20 || got > 24 {
					t.Errorf("%d logins in two hours, want 2 in each ten minutes", got)
				}
				for device, times := range n.reached {
					if times > 1 {
						t.Errorf("%s was tried %d times while others were never tried", device, times)
					}
				}
			})
		})
	}
}

// TestAlternatingSecrets has a file that alternates between two wrong passwords, and one with a new one each time.
func TestAlternatingSecrets(t *testing.T) {
	for _, values := range []int{2, 20, 1000} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork(t, always(refused))
			for i := range 200 {
				n.round(secret(fmt.Sprint("wrong", i%values)), names(3))
				time.Sleep(15 * time.Second)
			}
			n.check()
		})
	}
}

// TestUserNameSpellings has the same user name in other letters, which many authentication servers take for one.
func TestUserNameSpellings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, always(refused))
		for i, name := range []string{"monitor", "Monitor", "MONITOR", " monitor"} {
			s := secret("wrong")
			s.User = name
			_ = n.login(s, names(4)[i])
		}
		n.check()
	})
}

// TestTwoSecretsAtOnce has two wrong secrets of one user under way at the same time, and more that wait.
func TestTwoSecretsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, always(refused))
		n.takes = 25 * time.Second
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() { n.round(secret(fmt.Sprint(i)), names(5)) })
		}
		wg.Wait()
		n.check()
	})
}

// TestColdStart logs in to 1,000 good devices.
func TestColdStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, always(good))
		began := time.Now()
		if in := n.round(secret("right"), names(1000)); in != 1000 {
			t.Fatalf("%d of 1000 logged in", in)
		}
		best := 1600 * time.Millisecond // 64 at a time
		if lost := time.Since(began) - best; lost > 500*time.Millisecond {
			t.Errorf("the ramp cost %v", lost)
		}
		if most := n.most.Load(); most != 64 {
			t.Errorf("%d logins at a time, want 64", most)
		}
	})
}

// TestRamp counts the logins under way after each success.
func TestRamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var accounts account.Accounts
		admitted := make(chan *account.Login, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		for _, device := range names(100) {
			go func() {
				if login, err := accounts.Begin(ctx, secret("right"), device); err == nil {
					admitted <- login
				}
			}()
		}
		for i, want := range []int{1, 2, 4, 8, 16, 32, 64, 64} {
			synctest.Wait()
			if got := accounts.Stats().UnderWay; got != want {
				t.Fatalf("%d logins under way after %d successes, want %d", got, i, want)
			}
			(<-admitted).Succeeded()
		}
		synctest.Wait()
		(<-admitted).Refused(errWrong)
		for range 63 {
			login := <-admitted
			login.Cancelled()
			login.Refused(errWrong) // has no effect any more
		}
		synctest.Wait()
		if got := accounts.Stats(); got.UnderWay != 1 || got.Held != 0 {
			t.Errorf("%+v after a refusal, want one under way", got)
		}
		cancel()
	})
}

// TestSilentDevice has one device that takes the password and never answers: it holds back the others for three seconds.
func TestSilentDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var accounts account.Accounts
		first, err := accounts.Begin(t.Context(), secret("right"), "silent")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		second, err := accounts.Begin(t.Context(), secret("right"), "good")
		if waited := time.Since(began); err != nil || waited > 3*time.Second {
			t.Fatalf("waited %v: %v", waited, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var waiting *account.Waiting
		if _, err := accounts.Begin(ctx, secret("right"), "third"); !errors.As(err, &waiting) || waiting.UnderWay != 2 || waiting.Device != "silent" {
			t.Errorf("three under way with two tokens: %v", err)
		}
		second.Succeeded()
		third, err := accounts.Begin(t.Context(), secret("right"), "third")
		if err != nil {
			t.Fatal(err)
		}
		third.Succeeded()
		first.Unanswered(errWrong)
	})
}

// TestPassedLogins has logins that were passed, as far as can be seen: they hold back no others, until one turns out to be refused.
func TestPassedLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var accounts account.Accounts
		var passed []*account.Login
		for _, name := range names(5) {
			login, err := accounts.Begin(t.Context(), secret("right"), name)
			if err != nil {
				t.Fatal(err)
			}
			login.Passed()
			passed = append(passed, login)
		}
		if now := accounts.Stats(); now.UnderWay != 0 || now.Held != 0 {
			t.Errorf("%+v", now)
		}
		for _, login := range passed[:2] {
			login.Refused(errWrong)
			login.Refused(errWrong) // has no effect any more
		}
		var held *account.Held
		if _, err := accounts.Begin(t.Context(), secret("right"), "another"); !errors.As(err, &held) {
			t.Errorf("after two refusals: %v", err)
		}
		passed[2].Succeeded()
		login, err := accounts.Begin(t.Context(), secret("right"), names(5)[2])
		if err != nil {
			t.Errorf("a device that accepted the login: %v", err)
		} else {
			login.Succeeded()
		}
	})
}

// TestKnownDevices has two bad devices among good ones: those that the secret has logged in to go on.
func TestKnownDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		devices := names(10)
		bad := map[string]bool{"bad1": true, "bad2": true}
		n := newNetwork(t, func(device string, _ account.Secret) verdict {
			if bad[device] {
				return refused
			}
			return good
		})
		n.round(secret("right"), devices)
		n.round(secret("right"), []string{"bad1", "bad2"})
		var held *account.Held
		if err := n.login(secret("right"), "new"); !errors.As(err, &held) || held.Why != account.HeldUser || time.Until(held.Until) < 9*time.Minute {
			t.Errorf("a new device without tokens: %v", err)
		}
		if in := n.round(secret("right"), devices); in != 10 {
			t.Errorf("%d of 10 devices came back without tokens", in)
		}
		time.Sleep(11 * time.Minute)
		if err := n.login(secret("right"), "bad1"); !errors.As(err, &held) || held.Why != account.HeldForOthers {
			t.Errorf("a bad device goes before a new one: %v", err)
		}
		if err := n.login(secret("right"), "new"); err != nil {
			t.Error(err)
		}
	})
}

// TestDeadDevice has a device that was never tried and that is dead, so that no login begins: it holds back nobody.
func TestDeadDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		valid := refused
		n := newNetwork(t, func(string, account.Secret) verdict { return valid })
		bad := []string{"bad1", "bad2"}
		n.round(secret("right"), bad)
		valid = good
		for range 20 {
			_ = n.accounts.Check(secret("right"), "dead")
			time.Sleep(time.Minute)
		}
		if in := n.round(secret("right"), bad); in != 2 {
			t.Errorf("%d of 2 devices logged in", in)
		}
	})
}

// TestRevokedSecret revokes a password that 50 devices accepted, when all of them have to log in again: soon or late after their
// last login.
func TestRevokedSecret(t *testing.T) {
	for _, pause := range []time.Duration{2 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			valid := good
			n := newNetwork(t, func(string, account.Secret) verdict { return valid })
			n.round(secret("right"), names(50))
			time.Sleep(pause)
			valid = refused
			for range 240 {
				n.round(secret("right"), names(50))
				time.Sleep(15 * time.Second)
			}
			n.check()
			valid = good
			time.Sleep(30 * time.Minute)
			if in := n.round(secret("right"), names(50)); in != 50 {
				t.Errorf("%d of 50 logged in with a secret that is valid again", in)
			}
		})
	}
}

// TestRestartingDevice hangs up after a password: it is tried again after a minute, and repeats wait longer.
func TestRestartingDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := []verdict{good, unanswered, unanswered, good}
		n := newNetwork(t, func(string, account.Secret) verdict {
			answer := answers[0]
			answers = answers[1:]
			return answer
		})
		_ = n.login(secret("right"), "router")
		for _, wait := range []time.Duration{time.Minute, 2 * time.Minute} {
			_ = n.login(secret("right"), "router")
			var held *account.Held
			if err := n.login(secret("right"), "router"); !errors.As(err, &held) || held.Why != account.HeldDevice {
				t.Fatalf("tried at once: %v", err)
			}
			if got := time.Until(held.Until); got < wait || got > wait+wait/5 {
				t.Errorf("waits %v, want %v", got, wait)
			}
			time.Sleep(time.Until(held.Until))
			if wait == time.Minute {
				continue
			}
			time.Sleep(10 * time.Minute) // the device gave no answer twice: it needs a token
		}
		if err := n.login(secret("right"), "router"); err != nil {
			t.Error(err)
		}
	})
}

// TestBackoffGrows has one device that refuses for hours.
func TestBackoffGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, always(refused))
		for _, want := range []time.Duration{5, 10, 20, 30, 30} {
			want *= time.Minute
			if err := n.login(secret("wrong"), "router"); err != errWrong {
				t.Fatal(err)
			}
			var held *account.Held
			errors.As(n.login(secret("wrong"), "router"), &held)
			if got := time.Until(held.Until); got < want || got > want+want/5 {
				t.Errorf("waits %v, want %v", got, want)
			}
			time.Sleep(time.Until(held.Until))
		}
	})
}

// TestChangedSecret tries a changed secret at once while the user has a token.
func TestChangedSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, func(_ string, s account.Secret) verdict {
			if s == secret("right") {
				return good
			}
			return refused
		})
		_ = n.login(secret("wrong"), "router")
		if err := n.login(secret("right"), "router"); err != nil {
			t.Error(err)
		}
	})
}

// TestManyNames remembers a bounded number of users, secrets and devices, and keeps the refusals that count.
func TestManyNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, always(refused))
		n.round(secret("wrong"), names(2))
		for i := range 30_000 {
			s := secret("right")
			s.User = fmt.Sprint("user", i)
			_ = n.accounts.Check(s, "router")
			_ = n.accounts.Check(secret(fmt.Sprint("right", i)), "router")
			_ = n.accounts.Check(secret("wrong"), fmt.Sprint("router", i))
		}
		if held := n.accounts.Stats().Held; held != 1 {
			t.Errorf("%d user names without tokens, want 1", held)
		}
		n.round(secret("wrong"), names(5))
		n.check()
	})
}
