package decode

// Condition holds where a leaf has one of the texts, prefix off, or, with Not, where it has none of them or is not there.
type Condition struct {
	Leaf  Leaf
	Texts []string
	Not   bool
}

// anyText stands for every text but none.
const anyText = "*"

// meets reports whether every condition holds.
func (r row) meets(when []Condition) bool {
	for _, c := range when {
		text, ok := r.text(c.Leaf)
		if (ok && c.lists(text)) == c.Not {
			return false
		}
	}
	return true
}

func (c Condition) lists(text []byte) bool {
	for _, want := range c.Texts {
		if string(text) == want || string(withoutPrefix(text)) == want || want == anyText && len(text) > 0 {
			return true
		}
	}
	return false
}
