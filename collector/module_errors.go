package collector

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/module"
)

// moduleErrors are what went wrong with the reads of one module. Reads that fail in the same way are reported once.
type moduleErrors struct {
	module *module.Module
	groups []moduleError
}

type moduleError struct {
	err   error
	reads []string // what was asked for
}

func (e *moduleErrors) add(request *module.Request, err error) {
	i := slices.IndexFunc(e.groups, func(g moduleError) bool { return g.err.Error() == err.Error() })
	if i < 0 {
		i = len(e.groups)
		e.groups = append(e.groups, moduleError{err: err})
	}
	e.groups[i].reads = append(e.groups[i].reads, request.What())
}

// err is all of them in one line; nil if nothing went wrong.
func (e *moduleErrors) err() (all error) {
	for _, g := range e.groups {
		var refused netconf.RPCErrors
		err, hint := g.err, ""
		if errors.As(err, &refused) {
			denied := slices.ContainsFunc(refused, func(r netconf.RPCError) bool { return r.Tag == netconf.ErrAccesDenied })
			if denied {
				hint = "; let the user read it on the device (access control, NACM, RFC 8341)"
			}
			if denied || len(e.module.Requests) > 1 {
				err = fmt.Errorf("%w (asked for %s)%s", err, strings.Join(g.reads, " and "), hint)
			}
		}
		if all == nil {
			all = fmt.Errorf("module %s: %w", e.module.Name, err)
		} else {
			all = fmt.Errorf("%w; %w", all, err)
		}
	}
	return all
}
