package yang

import (
	"cmp"
	"fmt"
	"strings"
)

// Requirement is something that a device must announce.
type Requirement struct {
	Text     string // as it is written in the module
	URI      string // namespace or capability, possibly a pattern
	Revision string // the earliest that is accepted
	NMDA     bool   // an operational datastore, in place of a URI
}

// Meets reports whether the device has all that is required, and the reason in words.
func (d *Device) Meets(requirements []Requirement) (bool, string) {
	if len(requirements) == 0 {
		return false, "it names nothing that a device would announce; list it under modules to use it"
	}
	for _, r := range requirements {
		if r.NMDA {
			if !d.NMDA() {
				return false, "the device has no operational datastore (NMDA)"
			}
			continue
		}
		revision, ok := d.announces(r.URI)
		if !ok {
			return false, fmt.Sprintf("the device does not announce %s", r.URI)
		}
		if revision < r.Revision {
			return false, fmt.Sprintf("the device has %s at revision %q, %s or later is needed", r.URI, revision, r.Revision)
		}
	}
	return true, "the device announces " + join(requirements)
}

func join(requirements []Requirement) string {
	var texts []string
	for _, r := range requirements {
		text := cmp.Or(r.URI, r.Text)
		if r.Revision != "" {
			text += " of " + r.Revision + " or later"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}
