package page

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/netconf-exporter/netconf_exporter/config"
	"github.com/netconf-exporter/netconf_exporter/internal/api"
	"github.com/netconf-exporter/netconf_exporter/internal/observe"
	"github.com/netconf-exporter/netconf_exporter/internal/session"
)

// perPage is how many targets a page shows.
const perPage = 100

// fleet is the page of all targets.
type fleet struct {
	layout
	NoTargets bool
	Counts    []count // by state, those to look at first
	All       int     // all targets
	Total     int     // targets that were chosen
	Query     string
	State     string
	Labels    []string // as site:ams
	Group     string
	Groups    []option
	Columns   []column
	Rows      []row
	Pages     []link
	First, To int      // of those that were chosen, from 1
	Auths     []string // that reach addresses which are not configured
	Modules   []string // names to offer in the probe form
	Names     []observe.Summary
	Callers   []session.Caller // that called and are no targets
}

type count struct {
	State observe.State
	Count int
	URL   string
}

type option struct {
	Value, Text string
	Chosen      bool
}

type link struct {
	Text, URL string
	Current   bool
}

// column is a column to sort by.
type column struct {
	Text, URL string
	Sorted    string // ascending, descending, or "" where it is not
	Number    bool
}

// row is one target, and what heads it where a group begins.
type row struct {
	observe.Summary
	Head   string // of the group that begins here; "" for none
	Size   int    // of that group
	Labels []link
}

// columns are the columns by the field that they are sorted by.
func columns() []column {
	return []column{
		{"Target", "name", "", false}, {"State", "state", "", false}, {"Model", "model", "", false}, {"Interfaces", "interfaces", "", true},
		{"Took", "duration_seconds", "", true}, {"Last read", "last_read", "", true}, {"Skipped", "skipped", "", true},
	}
}

func (p *pages) serveFleet(w http.ResponseWriter, r *http.Request) {
	given := r.URL.Query()
	f := fleet{
		layout: p.layout(r, "Targets"), NoTargets: p.NoTargets, Query: given.Get("q"), State: given.Get("state"), Labels: given["label"], Group: given.Get("group"),
	}
	f.Here, f.Events = "targets", true
	f.Callers = p.Exporter.UnknownCallers()
	sort := given.Get("sort")
	if sort == "" {
		sort = "state"
	}
	list := api.List{Query: f.Query, Labels: f.Labels, Sort: sort}
	if f.State != "" {
		list.States = []string{f.State}
	}
	all := api.Summaries(p.Exporter, p.Observer)
	f.All = len(all)
	f.count(all, given)
	chosen := api.Choose(all, list)
	f.Total = len(chosen)
	groups := f.group(chosen)
	page, _ := strconv.Atoi(given.Get("page"))
	f.page(chosen, groups, max(page, 1), given)
	for _, c := range columns() {
		c.Sorted, c.URL = sorted(sort, c.URL, given)
		f.Columns = append(f.Columns, c)
	}
	f.groupOptions(all)
	f.probing(p, all)
	p.write(w, http.StatusOK, "fleet", f)
}

// count counts the targets by state.
func (f *fleet) count(all []observe.Summary, given url.Values) {
	byState := map[observe.State]int{}
	for _, s := range all {
		byState[s.State]++
	}
	for _, state := range observe.States() {
		if n := byState[state]; n > 0 {
			f.Counts = append(f.Counts, count{state, n, with(given, "state", string(state), "page", "")})
		}
	}
}

// group sorts the targets by what they are grouped by, and returns the size of each group.
func (f *fleet) group(chosen []observe.Summary) map[string]int {
	if f.Group == "" {
		return nil
	}
	sizes := map[string]int{}
	for _, s := range chosen {
		sizes[f.head(s)]++
	}
	slices.SortStableFunc(chosen, func(a, b observe.Summary) int { return strings.Compare(f.head(a), f.head(b)) })
	return sizes
}

// head is the group of a target.
func (f *fleet) head(s observe.Summary) string {
	switch label, isLabel := strings.CutPrefix(f.Group, "label:"); {
	case isLabel && s.Labels[label] != "":
		return label + " " + s.Labels[label]
	case isLabel:
		return "without " + label
	case f.Group == "reason" && s.Reason != "":
		return "reason " + s.Reason
	case f.Group == "reason":
		return "without a failure"
	}
	return ""
}

// page takes the rows of one page.
func (f *fleet) page(chosen []observe.Summary, groups map[string]int, page int, given url.Values) {
	last := max((len(chosen)+perPage-1)/perPage, 1)
	page = min(page, last)
	from := min((page-1)*perPage, len(chosen))
	f.First, f.To = from+1, min(from+perPage, len(chosen))
	before := ""
	for i, s := range chosen[from:f.To] {
		one := row{Summary: s}
		if head := f.head(s); head != "" && (i == 0 || head != before) {
			one.Head, one.Size, before = head, groups[head], head
		}
		for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
			text := name + ":" + s.Labels[name]
			one.Labels = append(one.Labels, link{Text: text, URL: with(given, "label", text, "page", ""), Current: slices.Contains(f.Labels, text)})
		}
		f.Rows = append(f.Rows, one)
	}
	for n := 1; last > 1 && n <= last; n++ {
		if n == 1 || n == last || n >= page-2 && n <= page+2 {
			f.Pages = append(f.Pages, link{fmt.Sprint(n), with(given, "page", fmt.Sprint(n)), n == page})
		}
	}
}

// groupOptions are what targets can be grouped by: their labels, and the reason of their failure.
func (f *fleet) groupOptions(all []observe.Summary) {
	labels := map[string]bool{}
	for _, s := range all {
		for name := range s.Labels {
			labels[name] = true
		}
	}
	f.Groups = []option{{"", "none", f.Group == ""}, {"reason", "reason of failure", f.Group == "reason"}}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		f.Groups = append(f.Groups, option{"label:" + name, "label " + name, f.Group == "label:"+name})
	}
}

// mostOffered bounds the names that the probe form offers.
const mostOffered = 500

// probing fills the form that probes a target.
func (f *fleet) probing(p *pages, all []observe.Summary) {
	f.Names = all[:min(len(all), mostOffered)]
	c := p.Exporter.Config()
	for _, name := range slices.Sorted(maps.Keys(c.Auths)) {
		if auth := c.Auths[name]; len(auth.AllowedTargets) > 0 && !auth.Stored {
			f.Auths = append(f.Auths, name)
		}
	}
	f.Modules = []string{config.Auto}
	if definitions, err := c.Definitions(); err == nil {
		f.Modules = append(f.Modules, slices.Sorted(maps.Keys(definitions.Modules))...)
	}
}

// sorted says how a column is sorted, and links to the other order.
func sorted(by, field string, given url.Values) (order, url string) {
	switch by {
	case field:
		return "ascending", with(given, "sort", "-"+field, "page", "")
	case "-" + field:
		return "descending", with(given, "sort", field, "page", "")
	}
	return "", with(given, "sort", field, "page", "")
}

// with is a query with some values changed; "" takes one out.
func with(given url.Values, changes ...string) string {
	changed := maps.Clone(given)
	for i := 0; i < len(changes); i += 2 {
		if changed.Del(changes[i]); changes[i+1] != "" {
			changed.Set(changes[i], changes[i+1])
		}
	}
	return "?" + changed.Encode()
}
