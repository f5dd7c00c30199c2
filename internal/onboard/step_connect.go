package onboard

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

func (a *attempt) resolve(ctx context.Context, run *task.Run) error {
	return run.Step("resolve", func() (string, error) {
		addresses, err := a.Exporter.Resolve(ctx, a.target, a.auth)
		var words []string
		for _, address := range addresses {
			words = append(words, address.Unmap().String())
		}
		return strings.Join(words, ", "), err
	})
}

// unchecked is the setting that switches off the check of the device's identity; "" if it is checked.
func (a *attempt) unchecked() string {
	switch {
	case a.target.Over() != config.TransportSSH:
		if len(a.target.CertificateFingerprints) == 0 && a.auth.TLSConfig.InsecureSkipVerify {
			return "insecure_skip_verify"
		}
	case a.auth.InsecureIgnoreHostKey && len(a.target.HostKeyFingerprints) == 0:
		return "insecure_ignore_host_key"
	}
	return ""
}

// user says as which user the exporter logs in.
func (a *attempt) user() string {
	if a.auth.Username == "" || a.target.Over() == config.TransportTLS {
		return "by its certificate"
	}
	return "as " + a.auth.Username
}

// hostKey looks at the device's host key or certificate. Nothing secret has been sent when it returns.
func (a *attempt) hostKey(ctx context.Context, run *task.Run) error {
	var shown *session.ShownKey
	err := run.Step("connect", func() (detail string, err error) {
		ctx, cancel := context.WithTimeout(ctx, connectTimeout)
		defer cancel()
		trace := session.NewTrace()
		shown, err = a.Exporter.ShowHostKey(ctx, a.target, a.auth, trace)
		for _, e := range trace.Events() {
			if e.Phase == "tcp" && !e.Failed {
				detail = e.Detail
			}
		}
		return detail, err
	})
	if err != nil {
		return err
	}
	return run.Step("host_key", func() (string, error) {
		asked := task.Shown{KeyType: shown.Type, Fingerprint: shown.Fingerprint, About: shown.About, Why: shown.Why}
		key := asked.Text()
		switch {
		case shown.Err == nil && a.unchecked() != "":
			return key + ", not checked: the auth says " + a.unchecked(), nil
		case shown.Err == nil:
			return key + " is known", nil
		case !shown.Unknown || a.kind == Check || a.spec.Fingerprint != "":
			return "", shown.Err
		}
		if err := run.Confirm(ctx, "host_key", asked); err != nil {
			return "", err
		}
		if asked.IsCertificate() {
			a.spec.Certificate = shown.Fingerprint
		} else {
			a.spec.Fingerprint = shown.Fingerprint
		}
		target, auth, err := a.Inventory.Fit(a.spec, a.kind == Replace)
		if err != nil {
			return "", err
		}
		a.target, a.auth = target, auth
		return key + ", confirmed", nil
	})
}

// callTimeout is how long a device may take to call.
const callTimeout = 5 * time.Minute

// awaitCall waits until a device calls that is known by its host key or certificate. Nothing secret has been sent when it returns.
func (a *attempt) awaitCall(ctx context.Context, run *task.Run) error {
	run.Skip("resolve", "the device calls")
	if a.kind == Replace { // its calls are for the target that it is
		for _, step := range []string{"connect", "host_key", "login", "hello", "models", "modules", "read"} {
			run.Skip(step, "the settings are in force when it calls again")
		}
		return nil
	}
	a.candidate = a.Exporter.Candidate(a.target, a.auth)
	if err := run.Step("connect", func() (string, error) {
		late := time.NewTimer(callTimeout)
		defer late.Stop()
		select {
		case <-a.candidate.Called():
			return "the device has called", nil
		case <-late.C:
			return "", fmt.Errorf("target %s: the device has not called within %v; check its Call Home settings, and whether it is among the unknown callers, with another host key or certificate", a.target.Name, callTimeout)
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}); err != nil {
		return err
	}
	return run.Step("host_key", func() (string, error) {
		return strings.Join(a.target.CallerKeys(a.auth), ", ") + " is known", nil
	})
}

// closeCandidate ends the session of the attempt.
func (a *attempt) closeCandidate() {
	if a.candidate == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	a.candidate.Close(ctx)
	a.candidate = nil
}
