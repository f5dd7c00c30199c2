package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// refusal is the error for a request that is wrong or not allowed.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, format string, args ...any) error {
	return &refusal{status: status, message: oneLine(fmt.Sprintf(format, args...))}
}

// serveProbe answers with the metrics of one target, without the target label. The status is 200 even if the device does not answer.
func (s *server) serveProbe(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	ctx, cancel := s.withBudget(r)
	defer cancel()
	target, err := s.resolveTarget(ctx, query.Get("target"), query.Get("auth"))
	if err != nil {
		writeRefusal(w, err)
		return
	}
	modules, err := s.modules(query["module"])
	if err != nil {
		writeRefusal(w, err)
		return
	}
	debug, labels := on(query.Get("debug")), on(query.Get("labels"))
	if debug {
		target.Explain()
	}
	scrape, families := target.Families(ctx, modules)
	if errors.Is(scrape.Err, session.ErrNotAllowed) { // the name resolved to an address outside allowed_targets
		writeRefusal(w, refuse(http.StatusForbidden, "%v", scrape.Err))
		return
	}
	if debug {
		s.writeDebug(w, target.Config(), modules, scrape, families)
		return
	}
	if own := target.Config().Labels; labels && len(own) > 0 {
		families = withOwnLabels(families, own)
	}
	s.writeFamilies(w, r, families)
}

// on reports whether a parameter of a query is set to a true value.
func on(parameter string) bool {
	set, err := strconv.ParseBool(parameter)
	return err == nil && set
}

// modules returns the modules that a request names, without duplicates, or nil if it names none. They may be separated by commas,
// and the parameter may be repeated.
func (s *server) modules(parameters []string) ([]string, error) {
	var modules []string
	for _, name := range strings.Split(strings.Join(parameters, ","), ",") {
		name = strings.TrimSpace(name)
		if name == "" || slices.Contains(modules, name) {
			continue
		}
		if name != config.Auto && !s.Exporter.HasModule(name) {
			return nil, refuse(http.StatusBadRequest,
				"no module is called %q%s", name, nearest.Hint(name, s.Exporter.ModuleNames(),
					"; leave module out to read what the target is configured for, or use the name of one that is shipped or in the configuration"))
		}
		modules = append(modules, name)
	}
	return modules, nil
}

func writeRefusal(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	var with *refusal
	if errors.As(err, &with) {
		status = with.status
	}
	http.Error(w, err.Error(), status)
}

// oneLine makes text from outside safe for a terminal or a log. It escapes characters that are not printable, as Go does.
func oneLine(text string) string {
	quoted := strconv.QuoteToGraphic(text)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
}
