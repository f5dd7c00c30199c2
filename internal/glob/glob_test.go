package glob

import "testing"

func TestMatch(t *testing.T) {
	cases := []struct {
		pattern, text string
		want          bool
	}{
		{"urn:a", "urn:a", true},
		{"urn:a", "urn:ab", false},
		{"*", "", true},
		{"*", "http://x/y:z", true},
		{"http://x/*/y", "http://x/22.2R1/z/y", true},
		{"http://x/*/y", "http://x/y", false},
		{"a*b*c", "abbc", true},
		{"a*b*c", "acb", false},
		{"a*a", "a", false},
		{"*a*", "bab", true},
	}
	for _, tc := range cases {
		if got := Match(tc.pattern, tc.text); got != tc.want {
			t.Errorf("Match(%q, %q) is %v", tc.pattern, tc.text, got)
		}
	}
}
