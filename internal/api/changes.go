package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/inventory"
	"github.com/netconf-exporter/netconf_exporter/internal/task"
)

// NewTarget is a target to be added, with an auth of the configuration or a user name and a password of its own.
type NewTarget struct {
	Name        string            `json:"name" maxLength:"1000"`
	Address     string            `json:"address,omitempty" maxLength:"1000" doc:"HOST, HOST:PORT or [IPV6]:PORT. Left out where call_home is set."`
	Auth        string            `json:"auth,omitempty" maxLength:"1000" doc:"Auth of the configuration, in place of user name and password."`
	Username    string            `json:"username,omitempty" maxLength:"1000"`
	Password    string            `json:"password,omitempty" maxLength:"1000" writeOnly:"true"`
	Fingerprint string            `json:"host_key_fingerprint,omitempty" maxLength:"100" doc:"Host key to trust over SSH, as in SHA256:...; without it an unknown key waits to be confirmed."`
	Certificate string            `json:"certificate_fingerprint,omitempty" maxLength:"120" doc:"Certificate to trust over tls and restconf, as in SHA256:AB:CD:...; without it, a certificate that is not trusted waits to be confirmed."`
	Modules     []string          `json:"modules,omitempty" maxItems:"100" doc:"What to read; auto is the best module of each kind that the device has."`
	Labels      map[string]string `json:"labels,omitempty"`
	CallHome    bool              `json:"call_home,omitempty" doc:"The device opens the connection. It is known by host_key_fingerprint; over tls by certificate_fingerprint, or by the name in its certificate."`
	Transport   string            `json:"transport,omitempty" maxLength:"100" doc:"ssh, tls or restconf; by default one that fits the auth."`
	ProxyJump   string            `json:"proxy_jump,omitempty" maxLength:"1000" doc:"Jump host of the configuration to go through."`
}

func (t NewTarget) spec() inventory.Spec {
	return inventory.Spec{
		Name: t.Name, Address: t.Address, Auth: t.Auth, Username: t.Username, Password: config.Secret(t.Password), Fingerprint: t.Fingerprint, Certificate: t.Certificate,
		Modules: t.Modules, Labels: t.Labels, Transport: t.Transport, ProxyJump: t.ProxyJump, CallHome: t.CallHome,
	}
}

// accepted is the answer to what a task does.
type accepted struct {
	Location string `header:"Location" doc:"Path of the task."`
	Body     task.Task
}

func accept(t task.Task, err error) (*accepted, error) {
	if err != nil {
		return nil, problem(err)
	}
	return &accepted{Location: Prefix + "/tasks/" + url.PathEscape(t.ID), Body: t}, nil
}

func (a *API) registerChanges(api huma.API) {
	guarded := func(o huma.Operation, status int) huma.Operation {
		o.DefaultStatus = status
		o.Middlewares = huma.Middlewares{a.guarded(api)}
		o.Errors = append(o.Errors, http.StatusForbidden, http.StatusServiceUnavailable)
		return o
	}
	refusals := []int{http.StatusBadRequest, http.StatusRequestTimeout, http.StatusUnsupportedMediaType, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusInsufficientStorage}
	huma.Register(api, guarded(operation("POST", "/targets", "Add a target, as a task", refusals...), http.StatusAccepted),
		func(ctx context.Context, in *body[NewTarget]) (*accepted, error) {
			return accept(a.Onboarder.Add(in.Body.spec(), false, a.person(ctx)))
		})
	huma.Register(api, guarded(operation("PUT", "/targets/{name}", "Replace a target that was added, as a task", append(refusals, http.StatusNotFound)...), http.StatusAccepted),
		func(ctx context.Context, in *struct {
			Named
			Body NewTarget
		}) (*accepted, error) {
			if in.Body.Name != in.Name {
				return nil, huma.Error422UnprocessableEntity("the name in the body is not the one in the path; a target keeps its name: add another one and remove this")
			}
			return accept(a.Onboarder.Add(in.Body.spec(), true, a.person(ctx)))
		})
	huma.Register(api, guarded(operation("DELETE", "/targets/{name}", "Remove a target that was added", http.StatusNotFound, http.StatusConflict,
		http.StatusInsufficientStorage), http.StatusNoContent),
		func(ctx context.Context, in *Named) (*struct{}, error) {
			if err := a.Onboarder.Remove(in.Name, a.person(ctx)); err != nil {
				return nil, problem(err)
			}
			return nil, nil
		})
	huma.Register(api, guarded(operation("POST", "/targets/{name}/check", "Try a target, with the steps of adding it", http.StatusNotFound, http.StatusConflict,
		http.StatusTooManyRequests, http.StatusInsufficientStorage), http.StatusAccepted),
		func(ctx context.Context, in *Named) (*accepted, error) {
			return accept(a.Onboarder.Check(in.Name, a.person(ctx)))
		})
}
