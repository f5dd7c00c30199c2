//go:build linux

package e2e

import (
	"context"
	"io"
	"os"
	"testing"

	builtin "github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// BenchmarkLogin reads netconfd's interfaces on an open session, and with a login for each read.
func BenchmarkLogin(b *testing.B) {
	d := startDevice(b)
	c, err := builtin.Load([]string{writeConfig(b, d.config())})
	if err != nil {
		b.Fatal(err)
	}
	options := session.Options{Target: c.Targets[0], Auth: c.Auths[c.Targets[0].Auth]}
	operations := interfaceOperations(b)
	ctx := context.Background()
	read := func(client *session.Client) {
		for _, operation := range operations {
			err := client.RPC(ctx, nil, operation, func(reply io.Reader) error {
				_, err := io.Copy(io.Discard, reply)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	kept := session.NewClient(options)
	defer kept.Close(ctx)
	measure(b, subject{pid: os.Getpid(), once: func() { read(kept) }}, subject{name: "login", pid: os.Getpid(), once: func() {
		client := session.NewClient(options)
		defer client.Close(ctx)
		read(client)
	}})
}
