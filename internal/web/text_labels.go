package web

import dto "github.com/prometheus/client_model/go"

// labelText remembers how labels are written: metrics of one thing share them and come in the same order in each family, and to
// copy the text of last time costs less than to collect it from memory again.
type labelText struct {
	keys []**dto.LabelPair // where each set of labels begins
	ends []int             // of their texts
	text []byte

	next    int  // the set that is expected
	filling bool // this family's sets are being remembered
	useful  bool // this family has sets that are known
}

// reset forgets all labels, and keeps the memory.
func (t *labelText) reset() {
	clear(t.keys)
	*t = labelText{keys: t.keys[:0], ends: t.ends[:0], text: t.text[:0]}
}

// begin starts a family. Where the last one had none of the sets that are known, this one's are remembered in their place.
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
	const missing = 4 // things without a metric that others have, in a row
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
