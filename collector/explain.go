package collector

import (
	"fmt"
	"slices"
	"time"
)

// explainFor is for how long reads are explained once somebody has asked: long enough for the next read of a slow device.
const explainFor = 5 * time.Minute

// Explanation says what became of the replies to one module.
type Explanation struct {
	Module string
	At     time.Time // when it was read
	Lines  []string  // nil: it was read before anybody asked
	Note   string    // what is odd about the result; "" if nothing is
}

// Explain makes reads that begin within the next five minutes explain what they make of the replies, for Scrape.Explanations.
// Results of before are not explained.
func (t *Target) Explain() { t.explainUntil.Store(time.Now().Add(explainFor).UnixNano()) }

func (t *Target) explains() bool { return time.Now().UnixNano() < t.explainUntil.Load() }

// explanations are those of the modules of which there is a result.
func (o *outcome) explanations() (all []Explanation) {
	for _, got := range o.results {
		if got.module != auto {
			all = append(all, Explanation{got.module, got.at, got.Explanation, o.target.moduleNote(o.settings, got)})
		}
	}
	return all
}

// moduleNote says why a module that the configuration names gives nothing, if the device does not have what it reads.
func (t *Target) moduleNote(s *settings, got *result) string {
	m, d := s.modules.byName[got.module], t.plan.known()
	if m == nil || d == nil || got.err != nil || got.Samples > 0 {
		return ""
	}
	if fits, why := m.Fits(d.Device); !fits && m.Announceable() {
		return why + ", so the module gives nothing"
	}
	return ""
}

// note says what is odd about a device that answers without data; "" if it gives some, or something is wrong.
func (o *outcome) note() string {
	if !o.up || o.err != nil || len(o.results) == 0 || slices.ContainsFunc(o.results, func(r *result) bool { return r.Samples > 0 }) {
		return ""
	}
	return fmt.Sprintf("target %s: it is up, but no reply has data that a module reads. To a user without rights devices send empty replies "+
		"(access control, NACM, RFC 8341): see what user %q may read; `netconf_exporter probe --explain %s` shows what the replies have",
		o.settings.config.Name, o.settings.auth.Username, o.settings.config.Name)
}
