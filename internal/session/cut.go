package session

import "strings"

// maxText is how many octets of what a device chose are told of it: in errors, traces and logs.
const maxText = 1 << 10

// cut shortens a text that a device has a part in, and makes it valid UTF-8.
func cut(text string) string {
	if len(text) > maxText {
		text = text[:maxText] + "..."
	}
	return strings.ToValidUTF8(text, "\ufffd")
}
