package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/internal/observe"
)

// List is a choice of the targets, in an order.
type List struct {
	Query  string   `query:"q" maxLength:"200" doc:"Words that must all occur in name, address, labels, vendor, model, state or error."`
	States []string `query:"state,explode" enum:"up,no_data,backoff,down,unknown" doc:"Only targets in one of these states."`
	Labels []string `query:"label,explode" maxLength:"1200" doc:"Only targets with this label, as in site:ams; repeatable."`
	Sort   string   `query:"sort" enum:"name,-name,state,-state,last_read,-last_read,duration_seconds,-duration_seconds,interfaces,-interfaces,samples,-samples,skipped,-skipped,vendor,-vendor,model,-model,address,-address" default:"name" doc:"Field to sort by; a leading - reverses the order."`
	Limit  int      `query:"limit" minimum:"0" maximum:"1000" default:"100"`
	Offset int      `query:"offset" minimum:"0" default:"0"`
}

// Targets is a page of the targets.
type Targets struct {
	Total   int               `json:"total" doc:"Number of targets that match, on all pages."`
	Targets []observe.Summary `json:"targets"`
}

// Auths are the names of the auths of the configuration.
type Auths struct {
	Auths []string `json:"auths"`
}

type body[T any] struct{ Body T }

type Named struct {
	Name string `path:"name" maxLength:"1000" doc:"Name of the target."`
}

func (a *API) registerTargets(api huma.API) {
	huma.Register(api, operation("GET", "/targets", "The targets, as they are now", http.StatusUnprocessableEntity),
		func(_ context.Context, in *List) (*body[Targets], error) {
			return &body[Targets]{a.List(*in)}, nil
		})
	huma.Register(api, operation("GET", "/targets/{name}", "Everything that is known of a target without asking it", http.StatusNotFound),
		func(_ context.Context, in *Named) (*body[observe.Detail], error) {
			target, err := a.target(in.Name)
			if err != nil {
				return nil, err
			}
			return &body[observe.Detail]{a.Observer.Detail(target)}, nil
		})
	huma.Register(api, operation("GET", "/auths", "The auths of the configuration, by name alone"),
		func(context.Context, *struct{}) (*body[Auths], error) {
			return &body[Auths]{Auths{AuthNames(a.Exporter)}}, nil
		})
}

func (a *API) target(name string) (*collector.Target, error) {
	target, ok := a.Exporter.Target(name)
	if !ok {
		return nil, huma.Error404NotFound(fmt.Sprintf("no target is called %q; %s/targets lists those that there are", name, Prefix))
	}
	return target, nil
}

// AuthNames are the names of the auths that a target may be added with.
func AuthNames(e *collector.Exporter) []string {
	names := []string{}
	for name, auth := range e.Config().Auths {
		if !auth.Stored {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// List chooses, sorts and pages the targets.
func (a *API) List(l List) Targets {
	all := Choose(Summaries(a.Exporter, a.Observer), l)
	page := Targets{Total: len(all), Targets: all[min(l.Offset, len(all)):]}
	page.Targets = page.Targets[:min(l.Limit, len(page.Targets))]
	return page
}

// Summaries are those of all targets of an exporter.
func Summaries(e *collector.Exporter, o *observe.Observer) []observe.Summary {
	targets := e.Targets()
	all := make([]observe.Summary, len(targets))
	for i, target := range targets {
		all[i] = o.Summary(target)
	}
	return all
}

// Choose chooses and sorts some of all.
func Choose(all []observe.Summary, l List) []observe.Summary {
	chosen := []observe.Summary{}
	words := strings.Fields(strings.ToLower(l.Query))
	for _, s := range all {
		if hasLabels(s.Labels, l.Labels) && (len(l.States) == 0 || slices.Contains(l.States, string(s.State))) && holds(s, words) {
			chosen = append(chosen, s)
		}
	}
	order(chosen, l.Sort)
	return chosen
}

func hasLabels(labels map[string]string, wanted []string) bool {
	for _, text := range wanted {
		name, value, _ := strings.Cut(text, ":")
		if got, ok := labels[name]; !ok || got != value {
			return false
		}
	}
	return true
}

func holds(s observe.Summary, words []string) bool {
	if len(words) == 0 {
		return true
	}
	text := []string{s.Name, s.Address, string(s.State), s.Reason, s.Error, s.Vendor, s.Model}
	for _, label := range slices.Sorted(maps.Keys(s.Labels)) {
		text = append(text, label+":"+s.Labels[label])
	}
	all := strings.ToLower(strings.Join(text, "\n"))
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(all, word) })
}

func order(all []observe.Summary, by string) {
	field, descending := strings.CutPrefix(by, "-")
	compare := func(a, b *observe.Summary) int {
		switch field {
		case "state":
			return cmp.Compare(slices.Index(observe.States(), a.State), slices.Index(observe.States(), b.State))
		case "last_read":
			return value(a.LastRead).Compare(value(b.LastRead))
		case "duration_seconds":
			return cmp.Compare(value(a.DurationSeconds), value(b.DurationSeconds))
		case "interfaces":
			return cmp.Compare(a.Interfaces, b.Interfaces)
		case "samples":
			return cmp.Compare(a.Samples, b.Samples)
		case "skipped":
			return cmp.Compare(a.Skipped, b.Skipped)
		case "vendor":
			return cmp.Compare(a.Vendor, b.Vendor)
		case "model":
			return cmp.Compare(a.Model, b.Model)
		case "address":
			return cmp.Compare(a.Address, b.Address)
		}
		return cmp.Compare(a.Name, b.Name)
	}
	slices.SortFunc(all, func(a, b observe.Summary) int {
		c := compare(&a, &b)
		if descending {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(a.Name, b.Name))
	})
}

// value is what a pointer points to, or the zero value.
func value[T time.Time | float64](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
