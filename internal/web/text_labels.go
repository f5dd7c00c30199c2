package web

import dto "github.com/prometheus/client_model/go"

// labelText caches the text of label sets. The metrics of one entity share a label set, and each family has the entities in the same
// order. Copying the text costs less than building it again.
type labelText struct {
	keys []**dto.LabelPair // the first label of each set
	ends []int             // of their texts in text
	text []byte

	next    int  // index of the set that is expected next
	filling bool // the sets of this family are added
	useful  bool // a set of this family was found
}

// reset removes all labels and keeps the memory.
func (t *labelText) reset() {
	clear(t.keys)
	*t = labelText{keys: t.keys[:0], ends: t.ends[:0], text: t.text[:0]}
}

// begin starts a family. If no set of the last family was found, the sets of this one replace the cached ones.
func (t *labelText) begin() {
	if t.filling = !t.useful; t.filling {
		t.keys, t.ends, t.text = t.keys[:0], t.ends[:0], t.text[:0]
	}
	t.next, t.useful = 0, t.filling
}

// append writes labels.
func (t *labelText) append(b []byte, labels []*dto.LabelPair) []byte {
	if len(labels) == 0 {
		return b
	}
	const missing = 4 // how many sets in a row may be missing in a family
	for i := t.next; !t.filling && i < min(t.next+missing, len(t.keys)); i++ {
		if t.keys[i] == &labels[0] {
			from := 0
			if i > 0 {
				from = t.ends[i-1]
			}
			t.next, t.useful = i+1, true
			return append(b, t.text[from:t.ends[i]]...)
		}
	}
	from := len(b)
	b = appendLabels(b, labels)
	if t.filling {
		t.text = append(t.text, b[from:]...)
		t.keys, t.ends = append(t.keys, &labels[0]), append(t.ends, len(t.text))
	}
	return b
}
