package session

import (
	"encoding/base64"
	"strings"
)

// maxText is how many octets of what a device chose are told of it: in errors, traces and logs.
const maxText = 1 << 10

// cut shortens a text that a device has a part in, and makes it valid UTF-8.
func cut(text string) string {
	if len(text) > maxText {
		text = text[:maxText] + "..."
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

// HideLogin takes a user's password, also as HTTP Basic sends it, out of what a server says: some show the request that they do not like.
func HideLogin(username, password string) *strings.Replacer {
	hide := []string{base64.StdEncoding.EncodeToString([]byte(username + ":" + password)), "<secret>"}
	if len(password) > 3 { // a shorter one is in many words
		hide = append(hide, password, "<secret>")
	}
	return strings.NewReplacer(hide...)
}
