package inventory

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// Fit checks whether a target may be added or replaced, and returns it ready to be tried: with its password in memory, and with no
// trusted host key if the spec has none. Errors are *OwnedError, *TakenError, ErrUnknown and those of the configuration.
func (i *Inventory) Fit(s Spec, replaces bool) (*config.Target, *config.Auth, error) {
	if err := s.check(); err != nil {
		return nil, nil, err
	}
	i.mu.Lock()
	base := i.base
	err := i.mayPut(s.Name, replaces)
	i.mu.Unlock()
	if err != nil {
		return nil, nil, err
	}
	unknown := s.Fingerprint == "" && s.Auth == "" && !s.CallHome && s.Transport != string(config.TransportRESTCONF)
	if unknown {
		s.Fingerprint = placeholder
	}
	unknownCertificate := s.Certificate == "" && s.Auth != "" && !s.CallHome && s.Transport == string(config.TransportTLS) &&
		base.Auths[s.Auth] != nil && !base.Auths[s.Auth].ChecksCertificates()
	if unknownCertificate {
		s.Certificate = certificatePlaceholder
	}
	stored, err := s.parse()
	if err != nil {
		return nil, nil, err
	}
	fitted, err := base.Fit(stored)
	if err == nil {
		err = i.otherCaller(fitted.Target, base)
	}
	if err != nil {
		return nil, nil, err
	}
	auth := cmp.Or(fitted.Auths[fitted.Target.Auth], base.Auths[fitted.Target.Auth])
	if unknown {
		auth.HostKeyFingerprints = nil // its own copy
	}
	if unknownCertificate {
		fitted.Target.CertificateFingerprints = nil
	}
	return fitted.Target, auth, nil
}

// otherCaller refuses a target that calls home and has a key of another one that was added. Fit does that for those of the configuration.
func (i *Inventory) otherCaller(t *config.Target, base *config.Config) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for name, e := range i.entries {
		if name == t.Name || e.fitted == nil {
			continue
		}
		for _, key := range e.fitted.Target.CallerKeys(base.Auths[e.fitted.Target.Auth]) {
			if slices.Contains(t.CallerKeys(base.Auths[t.Auth]), key) {
				return fmt.Errorf("%s is that of target %q too, and a call could be meant for both; remove that, or change it", key, name)
			}
		}
	}
	return nil
}

// mayPut says why a target may not be stored under a name. It is called under the lock.
func (i *Inventory) mayPut(name string, replaces bool) error {
	configured, ok := i.base.Target(name)
	if !ok && i.entries[name] == nil {
		configured, ok = i.discovered[name], i.discovered[name] != nil
	}
	e := i.entries[name]
	switch {
	case i.options.Store == nil:
		return ErrReadOnly
	case ok && replaces:
		return &OwnedError{configured}
	case ok, e != nil && !replaces:
		return &TakenError{name}
	case e == nil && replaces:
		return ErrUnknown
	}
	return nil
}

// Put stores a target, in place of one of its name if it replaces that. It is in force after Publish. Errors are those of Fit
// and *store.Error.
func (i *Inventory) Put(s Spec, replaces bool) (file string, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.mayPut(s.Name, replaces); err != nil {
		return "", err
	}
	tried, err := s.parse()
	if err == nil {
		_, err = i.base.Fit(tried) // the configuration may have changed since then
	}
	if err != nil {
		return "", err
	}
	old := i.entries[s.Name]
	path := ""
	if old != nil {
		path = old.stored.File
	}
	if file, err = i.options.Store.Put(s.Name, path, s.Password.Reveal(), s.text); err != nil {
		return "", err
	}
	stored, err := config.ReadStored(file)
	if err != nil {
		return "", err
	}
	fitted, err := i.base.Fit(stored)
	if err != nil {
		return "", err
	}
	i.entries[s.Name] = &entry{stored: stored, fitted: fitted}
	i.changed = true
	return file, nil
}

// Remove removes a stored target, from the folder and from what is in force.
func (i *Inventory) Remove(name string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	configured, ok := i.base.Target(name)
	e := i.entries[name]
	switch {
	case ok:
		return &OwnedError{configured}
	case e == nil:
		return ErrUnknown
	case i.options.Store == nil:
		return ErrReadOnly
	}
	if err := i.options.Store.Remove(e.stored.File); err != nil {
		return err
	}
	delete(i.entries, name)
	i.changed = true
	return i.publish()
}

// Publish puts in force what was stored.
func (i *Inventory) Publish() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.publish()
}

func (i *Inventory) publish() error {
	if !i.changed {
		return nil // another Publish did it
	}
	if err := i.apply(i.merged(i.base, i.entries)); err != nil {
		return err
	}
	i.changed = false
	return nil
}
