package decode

// Lookup is a table that labels look texts up in: rows of a kind of their own give it.
type Lookup struct {
	Row   int // the kind of its rows
	Key   []Value
	Value Value
}

// fillLookups fills the lookups from the rows that were read. The first row with a key counts; one that lacks a part of it gives nothing.
// A lookup may look up texts in those before it.
func (t *Table) fillLookups() {
	if len(t.program.lookups) == 0 {
		return
	}
	t.texts = make([]map[string]string, len(t.program.lookups))
	var key, value []byte
	for i := range t.program.lookups {
		l := &t.program.lookups[i]
		t.texts[i] = map[string]string{}
		for n := range t.groups {
			if t.groups[n].dropped || int(t.groups[n].spec) != l.Row {
				continue
			}
			r := t.joiner.row(int32(n))
			var ok bool
			if key, ok = appendKey(key[:0], l.Key, r); !ok {
				continue
			}
			if value, ok = l.Value.label(value[:0], r); !ok {
				continue
			}
			if _, known := t.texts[i][string(key)]; !known {
				t.texts[i][string(key)] = string(value)
			}
		}
	}
}

// lookup finds the text that the value looks up.
func (r row) lookup(v *Value) ([]byte, bool) {
	key, ok := appendKey(nil, v.By, r)
	if !ok {
		return nil, false
	}
	text, ok := r.j.texts[v.Lookup][string(key)]
	return []byte(text), ok
}

// appendKey writes the texts of a key; false where one is missing.
func appendKey(dst []byte, parts []Value, r row) ([]byte, bool) {
	for i := range parts {
		from := len(dst)
		var ok bool
		if dst, ok = parts[i].label(dst, r); !ok || len(dst) == from {
			return dst, false
		}
		dst = append(dst, 0)
	}
	return dst, true
}
