package page

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/api"
	"github.com/netconf-exporter/netconf_exporter/internal/inventory"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// form is the page on which a target is added or changed.
type form struct {
	layout
	Edit     bool
	Sentence string // what is wrong with what was sent; "" if nothing was
	Task     string // identifier of a task that is at work on the same device
	Auths    []string
	Ways     []string // transports
	Jumps    []string // jump hosts
	entered
}

// entered is what a person typed, but for the password.
type entered struct {
	Name, Address, Auth, Username, Modules, Labels, Fingerprint, Certificate, Transport, ProxyJump string
	CallHome                                                                                       bool
}

// ownAuth is the value of auth in the form for a user name and a password.
const ownAuth = ""

func (p *pages) form(r *http.Request, title string, edit bool, e entered) form {
	f := form{
		layout: p.layout(r, title), Auths: api.AuthNames(p.Exporter), Ways: config.Transports(), Jumps: slices.Sorted(maps.Keys(p.Exporter.Config().JumpHosts)), entered: e,
	}
	if f.Edit = edit; !edit {
		f.Here = "add"
	}
	if f.ByCertificate() {
		c := p.Exporter.Config()
		f.Auths = slices.DeleteFunc(f.Auths, func(name string) bool { return !c.Auths[name].For(config.TransportTLS) })
	}
	return f
}

// ByCertificate reports whether the device calls home over TLS, where a user name and a password are of no use.
func (f form) ByCertificate() bool { return f.CallHome && f.Transport == string(config.TransportTLS) }

func (p *pages) serveAdd(w http.ResponseWriter, r *http.Request) {
	given := r.URL.Query()
	e := entered{
		Auth: ownAuth, Name: given.Get("name"), CallHome: given.Get("call_home") == "true", Transport: given.Get("transport"),
		Fingerprint: given.Get("fingerprint"), Certificate: given.Get("certificate"),
	}
	if id := given.Get("again"); id != "" { // what was typed for a task that failed
		t, err := p.Onboarder.Queue.Get(id)
		if err != nil {
			p.problem(w, r, http.StatusNotFound, err.Error())
			return
		}
		e = again(t)
	}
	f := p.form(r, "Add a device", false, e)
	if f.ByCertificate() && f.Auth == ownAuth {
		f.Auth = p.mayLogIn(f)
	}
	p.write(w, http.StatusOK, "form", f)
}

// mayLogIn is the first of the form's auths that may be used where the unknown caller is that it is about; "" if there is none.
func (p *pages) mayLogIn(f form) string {
	for _, caller := range p.Exporter.UnknownCallers() {
		at, err := netip.ParseAddrPort(caller.Address)
		if err != nil || caller.Fingerprint != f.Certificate && (f.Certificate != "" || caller.Name != f.Name) {
			continue
		}
		for _, name := range f.Auths {
			if p.Exporter.Config().Auths[name].Allows(at.Addr()) {
				return name
			}
		}
	}
	return ""
}

// again is what was typed for a task.
func again(t task.Task) entered {
	e := entered{Name: t.Target, Address: t.Address}
	if in := t.Input; in != nil {
		e.Address, e.Auth, e.Username, e.Fingerprint, e.Certificate, e.Transport, e.ProxyJump = in.Address, in.Auth, in.Username, in.Fingerprint, in.Certificate, in.Transport, in.ProxyJump
		e.CallHome = in.CallHome
		e.Modules, e.Labels = strings.Join(in.Modules, ", "), labelText(in.Labels)
	}
	return e
}

func (p *pages) serveEdit(w http.ResponseWriter, r *http.Request) {
	t, ok := p.own(w, r)
	if !ok {
		return
	}
	e := entered{Name: t.Name, Address: t.Address, Labels: labelText(t.Labels), Transport: string(t.Over()), CallHome: t.CallHome}
	if t.ProxyJump != nil {
		e.ProxyJump = *t.ProxyJump
	}
	if defaults := p.Exporter.Config().Defaults.Modules; !slices.Equal(t.Modules, defaults) {
		e.Modules = strings.Join(t.Modules, ", ")
	}
	trusted := t.HostKeyFingerprints
	if auth := p.Exporter.Config().Auths[t.Auth]; auth != nil && auth.Stored {
		e.Username = auth.Username
		trusted = append(trusted, auth.HostKeyFingerprints...)
	} else {
		e.Auth = t.Auth
	}
	if len(trusted) > 0 {
		e.Fingerprint = trusted[0]
	}
	if len(t.CertificateFingerprints) > 0 {
		e.Certificate = t.CertificateFingerprints[0]
	}
	if id := r.URL.Query().Get("again"); id != "" {
		if failed, err := p.Onboarder.Queue.Get(id); err == nil {
			e = again(failed)
		}
	}
	f := p.form(r, "Change "+t.Name, true, e)
	p.write(w, http.StatusOK, "form", f)
}

// own is the target that a path names, if it may be changed; otherwise the answer says why not.
func (p *pages) own(w http.ResponseWriter, r *http.Request) (*config.Target, bool) {
	name := r.PathValue("name")
	t, ok := p.Exporter.Config().Target(name)
	switch {
	case !ok:
		p.problem(w, r, http.StatusNotFound, fmt.Sprintf("no target is called %q; it may have been removed", name))
		return nil, false
	case t.Origin != config.OriginAPI:
		p.problem(w, r, http.StatusConflict, (&inventory.OwnedError{Target: t}).Error())
		return nil, false
	}
	return t, true
}

func (p *pages) add(w http.ResponseWriter, r *http.Request)     { p.submit(w, r, false) }
func (p *pages) replace(w http.ResponseWriter, r *http.Request) { p.submit(w, r, true) }

// submit queues the task that a form asks for, or shows the form again with what is wrong.
func (p *pages) submit(w http.ResponseWriter, r *http.Request, replaces bool) {
	typed := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	e := entered{
		Name: r.PostForm.Get("name"), Address: typed("address"), Auth: typed("auth"), Username: typed("username"), Modules: typed("modules"),
		Labels: typed("labels"), Fingerprint: typed("host_key_fingerprint"), Certificate: typed("certificate_fingerprint"), Transport: typed("transport"), ProxyJump: typed("proxy_jump"), CallHome: typed("call_home") == "true",
	}
	if replaces {
		e.Name = r.PathValue("name")
	}
	labels, err := parseLabels(e.Labels)
	var queued task.Task
	if err == nil {
		spec := inventory.Spec{
			Name: e.Name, Address: e.Address, Auth: e.Auth, Fingerprint: e.Fingerprint, Certificate: e.Certificate, Transport: e.Transport, ProxyJump: e.ProxyJump, CallHome: e.CallHome, Labels: labels,
			Modules: strings.FieldsFunc(e.Modules, func(r rune) bool { return r == ',' || r == ' ' }),
		}
		if len(spec.Modules) == 0 {
			spec.Modules = nil
		}
		if e.Auth == ownAuth {
			spec.Username, spec.Password = e.Username, config.Secret(r.PostForm.Get("password"))
		}
		queued, err = p.Onboarder.Add(spec, replaces, p.person(r))
	}
	if err == nil {
		see(w, p.layout(r, "").Root+"tasks/"+escape(queued.ID))
		return
	}
	title := "Add a device"
	if replaces {
		title = "Change " + e.Name
	}
	f := p.form(r, title, replaces, e)
	f.Sentence = api.Sentence(err)
	var duplicate *task.DuplicateError
	if errors.As(err, &duplicate) {
		f.Task = duplicate.Task
	}
	status, headers := api.Status(err)
	if retry := headers.Get("Retry-After"); retry != "" {
		w.Header().Set("Retry-After", retry)
	}
	p.write(w, status, "form", f)
}

// parseLabels reads labels as they are typed: site=ams, role=edge.
func parseLabels(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	labels := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" {
			return nil, fmt.Errorf("the labels are not of the form name=value; write them as in site=ams, role=edge")
		}
		if _, twice := labels[name]; twice {
			return nil, fmt.Errorf("label %q is given twice; keep one of them", name)
		}
		labels[name] = strings.TrimSpace(value)
	}
	return labels, nil
}

func labelText(labels map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, name+"="+labels[name])
	}
	return strings.Join(parts, ", ")
}

func (p *pages) check(w http.ResponseWriter, r *http.Request) {
	queued, err := p.Onboarder.Check(r.PathValue("name"), p.person(r))
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	see(w, p.layout(r, "").Root+"tasks/"+escape(queued.ID))
}

func (p *pages) remove(w http.ResponseWriter, r *http.Request) {
	if err := p.Onboarder.Remove(r.PathValue("name"), p.person(r)); err != nil {
		p.refuse(w, r, err)
		return
	}
	see(w, p.layout(r, "").Root)
}

// refuse shows why something was not done.
func (p *pages) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, _ := api.Status(err)
	p.problem(w, r, status, api.Sentence(err))
}
