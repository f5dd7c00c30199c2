// Package module compiles modules. A config.Module becomes the requests to send to a device, the requirements that the device has
// to meet, and the program that decodes its replies. No vendor and no YANG module is named here: they are data.
package module

import (
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/yang"
)

// Module is a compiled config.Module. It is immutable and safe for concurrent use.
type Module struct {
	Name       string
	Provides   string
	Preference int
	Untested   bool
	MaxAge     *time.Duration // nil: the target's
	Requests   []Request
	*decode.Program
	Warnings []*config.Error // what compiles and is likely to be a mistake

	requires   []yang.Requirement
	namespaces []string // distinct URIs and patterns
}
