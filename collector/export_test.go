package collector

import "github.com/netconf-exporter/netconf_exporter/internal/session"

// Client is what an Exporter reads a target with.
type Client = client

// WithClients returns options that have targets read with other clients than session.Client.
func (o Options) WithClients(newClient func(session.Options) Client) Options {
	o.newClient = newClient
	return o
}
