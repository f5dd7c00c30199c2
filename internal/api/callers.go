package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Callers are devices that called (Call Home) and are no targets, the last one first.
type Callers struct {
	Callers []Caller `json:"callers"`
}

// Caller is one of them.
type Caller struct {
	Address     string    `json:"address" doc:"Address that it last called from."`
	Transport   string    `json:"transport"`
	KeyType     string    `json:"key_type" doc:"Type of its host key; of a certificate, what it says."`
	Fingerprint string    `json:"fingerprint" doc:"SHA-256 of its host key or certificate."`
	Name        string    `json:"name,omitempty" doc:"Name in a certificate that an authority issued. A target of that name, whose auth trusts the authority, is known by it in place of the fingerprint."`
	Why         string    `json:"why,omitempty" doc:"Why the call was not given to the target that the certificate names; absent if it names none."`
	First       time.Time `json:"first"`
	Last        time.Time `json:"last"`
	Calls       int       `json:"calls"`
}

func (a *API) registerCallers(api huma.API) {
	huma.Register(api, operation("GET", "/callers", "Devices that called and are no targets, the last one first"),
		func(context.Context, *struct{}) (*body[Callers], error) {
			found := Callers{Callers: []Caller{}}
			for _, c := range a.Exporter.UnknownCallers() {
				found.Callers = append(found.Callers, Caller{c.Address, string(c.Transport), c.KeyType, c.Fingerprint, c.Name, c.Why, c.First.UTC(), c.Last.UTC(), c.Calls})
			}
			return &body[Callers]{found}, nil
		})
}
