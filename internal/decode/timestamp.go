package decode

import (
	"strconv"
	"time"
)

// decodeTimestamp reads a date-and-time (RFC 6991, section 3; RFC 3339) into Unix seconds. Unlike package time it
// does not allocate, and accepts leap seconds and lower-case letters, as RFC 3339 does.
func decodeTimestamp(text []byte, _ time.Time) (float64, bool) {
	const form = "0000-00-00T00:00:00"
	if len(text) < len(form) || !matchesForm(text[:len(form)], form) {
		return 0, false
	}
	end := len(form)
	for end < len(text) && (text[end] == '.' || text[end] >= '0' && text[end] <= '9') {
		end++
	}
	fraction := text[len(form):end]
	offset, ok := decodeZone(text[end:])
	if !ok {
		return 0, false
	}
	year, month, day := 100*twoDigits(text)+twoDigits(text[2:]), time.Month(twoDigits(text[5:])), twoDigits(text[8:])
	hour, minute, second := twoDigits(text[11:]), twoDigits(text[14:]), twoDigits(text[17:])
	date := time.Date(year, month, day, 0, 0, 0, 0, time.UTC) // a day that the month does not have is in the next one
	if month < 1 || month > 12 || day < 1 || date.Day() != day || hour > 23 || minute > 59 || second > 60 {
		return 0, false
	}
	f := float64(date.Unix() + int64(3600*hour+60*minute+second-offset))
	if len(fraction) == 0 {
		return f, true
	}
	part, err := strconv.ParseFloat(string(fraction), 64)
	return f + part, err == nil && len(fraction) > 1 && fraction[0] == '.'
}

// decodeZone reads the offset from UTC at the end of a date-and-time, in seconds.
func decodeZone(text []byte) (int, bool) {
	if matchesForm(text, "Z") {
		return 0, true
	}
	east := matchesForm(text, "+00:00")
	if !east && !matchesForm(text, "-00:00") {
		return 0, false
	}
	hour, minute := twoDigits(text[1:]), twoDigits(text[4:])
	offset := 3600*hour + 60*minute
	if !east {
		offset = -offset
	}
	return offset, hour <= 23 && minute <= 59
}

// matchesForm reports whether text has a digit wherever form has a 0, and else the same characters, in upper or lower case.
func matchesForm(text []byte, form string) bool {
	if len(text) != len(form) {
		return false
	}
	for i, c := range text {
		if form[i] == '0' && (c < '0' || c > '9') || form[i] != '0' && c != form[i] && c != form[i]|0x20 {
			return false
		}
	}
	return true
}

// twoDigits reads two digits.
func twoDigits(text []byte) int { return 10*int(text[0]-'0') + int(text[1]-'0') }
