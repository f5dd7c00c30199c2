package restconf

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// Bounds of an answer that is an error.
const (
	maxErrorBody = 64 << 10
	maxErrors    = 10
)

// parseErrors reads the errors of an answer with a status of 400 or more (RFC 8040, section 7.1), in XML or JSON. If there are none
// that it can parse, it makes one from the status, and own is false.
func parseErrors(status int, mediaType string, body io.Reader) (found netconf.RPCErrors, own bool) {
	text, _ := io.ReadAll(io.LimitReader(body, maxErrorBody)) // what could be read has to do
	if trimmed := bytes.TrimLeft(text, "\ufeff \t\r\n"); bytes.HasPrefix(trimmed, []byte("{")) || isJSON(mediaType) {
		found = jsonErrors(trimmed)
	} else {
		found = xmlErrors(text)
	}
	if len(found) > 0 {
		return found, true
	}
	message := fmt.Sprintf("%d %s", status, http.StatusText(status))
	if said := excerpt(text); said != "" {
		message += ", and " + said
	}
	return netconf.RPCErrors{{Type: "protocol", Tag: tagOf(status), Severity: netconf.SevError, Message: message}}, false
}

// areMissing reports whether errors say that there is no data. OpenDaylight sends them in place of 404.
func areMissing(found netconf.RPCErrors) bool {
	return !slices.ContainsFunc(found, func(e netconf.RPCError) bool { return e.Tag != netconf.ErrDataMissing })
}

// xmlErrors reads <errors><error>.
func xmlErrors(text []byte) (found netconf.RPCErrors) {
	var s xmlscan.Scanner
	s.ResetBytes(text)
	for {
		kind, err := s.Next()
		if err != nil {
			return found
		}
		if kind != xmlscan.Start {
			continue
		}
		switch local := string(xmlscan.Local(s.Name())); {
		case s.Depth() == 1 && local != "errors":
			return nil
		case local == "error" || local == "rpc-error": // old ConfD sends the latter
			e, err := decode.ParseRPCError(&s)
			if err != nil {
				return found
			}
			if found = append(found, withSeverity(e)); len(found) == maxErrors {
				return found
			}
		}
	}
}

// jsonErrors reads {"ietf-restconf:errors": {"error": [...]}}, whose names may lack the prefix. Some servers give one error without a list.
func jsonErrors(text []byte) (found netconf.RPCErrors) {
	var document map[string]struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(text, &document) != nil {
		return nil
	}
	for name, errors := range document {
		if name[strings.LastIndexByte(name, ':')+1:] != "errors" {
			continue
		}
		type jsonError struct {
			Type    string `json:"error-type"`
			Tag     string `json:"error-tag"`
			AppTag  string `json:"error-app-tag"`
			Path    string `json:"error-path"`
			Message string `json:"error-message"`
		}
		var list []jsonError
		if json.Unmarshal(errors.Error, &list) != nil {
			list = make([]jsonError, 1)
			if json.Unmarshal(errors.Error, &list[0]) != nil {
				continue
			}
		}
		for _, e := range list[:min(len(list), maxErrors)] {
			found = append(found, withSeverity(netconf.RPCError{
				Type: netconf.ErrType(bound(e.Type)), Tag: netconf.ErrTag(bound(e.Tag)), AppTag: bound(e.AppTag), Path: bound(e.Path), Message: bound(e.Message),
			}))
		}
	}
	return found
}

// withSeverity sets the severity, which errors of RESTCONF do not have, to error.
func withSeverity(e netconf.RPCError) netconf.RPCError {
	e.Severity = cmp.Or(e.Severity, netconf.SevError)
	return e
}

// bound shortens a text of the device's.
func bound(text string) string {
	const most = 1 << 10
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

// tagOf is the error tag that a status stands for (RFC 8040, section 7).
func tagOf(status int) netconf.ErrTag {
	switch status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusRequestURITooLong:
		return netconf.ErrInvalidValue
	case http.StatusUnauthorized, http.StatusForbidden:
		return netconf.ErrAccesDenied
	case http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusNotAcceptable, http.StatusUnsupportedMediaType:
		return netconf.ErrOperationNotSupported
	case http.StatusConflict:
		return netconf.ErrInUse
	case http.StatusRequestEntityTooLarge:
		return netconf.ErrTooBig
	}
	return netconf.ErrOperationFailed
}

// notSupported is the error for operations that RESTCONF, or the device's RESTCONF, does not support.
func notSupported(why string) netconf.RPCErrors {
	return netconf.RPCErrors{{Type: "protocol", Tag: netconf.ErrOperationNotSupported, Severity: netconf.SevError, Message: why}}
}

// writeErrors writes errors in the form of a NETCONF reply (RFC 6241, section 4.3).
func writeErrors(out *bytes.Buffer, all netconf.RPCErrors) {
	for _, e := range all {
		out.WriteString("<rpc-error>")
		for _, field := range []struct{ name, text string }{
			{"error-type", string(e.Type)}, {"error-tag", string(e.Tag)}, {"error-severity", string(e.Severity)},
			{"error-app-tag", e.AppTag}, {"error-path", e.Path}, {"error-message", e.Message},
		} {
			if field.text != "" {
				out.WriteString("<" + field.name + ">")
				escape(out, []byte(field.text))
				out.WriteString("</" + field.name + ">")
			}
		}
		out.WriteString("</rpc-error>")
	}
}

// excerpt quotes how a text begins, "" if it is empty. It cannot hold a secret of ours: it is what the device sent.
func excerpt(text []byte) string {
	const most = 120
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return ""
	}
	if len(text) > most {
		return fmt.Sprintf("%q...", strings.ToValidUTF8(string(text[:most]), "\ufffd"))
	}
	return fmt.Sprintf("%q", strings.ToValidUTF8(string(text), "\ufffd"))
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}
