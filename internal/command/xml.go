package command

import (
	"bytes"
	"encoding/xml"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"

	"nemith.io/netconf"

	"github.com/netconf-exporter/netconf_exporter/internal/decode"
	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// xmlPrinter writes the content of a reply, without its envelope, as indented XML. It does not change text, names and namespaces.
type xmlPrinter struct {
	out      io.Writer
	errors   netconf.RPCErrors // rpc-errors of the reply
	warnings netconf.RPCErrors
	empty    bool // nothing was written

	scanner  xmlscan.Scanner
	envelope map[string]string // namespaces by the prefixes that the envelope declares

	// Of the child of the envelope that is printed.
	body     bytes.Buffer
	insert   int             // offset in body for more attributes of its start tag
	declared []string        // prefixes declared by open elements
	used     map[string]bool // prefixes in use that only the envelope declares
}

func newXMLPrinter(out io.Writer) *xmlPrinter {
	return &xmlPrinter{out: out, envelope: map[string]string{}}
}

// print reads one reply.
func (p *xmlPrinter) print(reply io.Reader) error {
	s := &p.scanner
	s.Reset(reply)
	p.empty = true
	depth := 0      // of envelope elements: rpc-reply, and data if the operation has it
	inText := false // inside text of the envelope that is not white space
	for {
		kind, err := s.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch kind {
		case xmlscan.Start:
			inText = false
			switch local := string(xmlscan.Local(s.Name())); {
			case depth == 0 && local == "rpc-reply", depth <= 1 && local == "data":
				depth++
				for _, a := range s.Attrs() {
					if prefix, ok := a.Declares(); ok {
						p.envelope[string(prefix)] = string(s.AppendValue(nil, a))
					}
				}
			case local == "rpc-error":
				err = p.failure()
			default:
				err = p.top()
			}
		case xmlscan.Text: // such as the YANG of get-schema (RFC 6022, section 3.1)
			if text := s.AppendText(nil); inText || len(bytes.TrimSpace(text)) > 0 {
				inText = true
				err = p.write(text)
			}
		case xmlscan.End:
			depth--
		}
		if err != nil {
			return err
		}
	}
}

func (p *xmlPrinter) failure() error {
	e, err := decode.ParseRPCError(&p.scanner)
	if e.Severity == netconf.SevWarning {
		p.warnings = append(p.warnings, e)
	} else {
		p.errors = append(p.errors, e)
	}
	return err
}

// top prints a child of the envelope. It declares the namespaces of the envelope that the child uses.
func (p *xmlPrinter) top() error {
	p.body.Reset()
	p.declared, p.used = p.declared[:0], map[string]bool{}
	if err := p.element(0); err != nil {
		return err
	}
	if err := p.write(p.body.Bytes()[:p.insert]); err != nil {
		return err
	}
	for _, prefix := range slices.Sorted(maps.Keys(p.used)) {
		name := strings.TrimSuffix("xmlns:"+prefix, ":")
		if err := p.write([]byte(" " + name + `="` + escapeAttribute(p.envelope[prefix]) + `"`)); err != nil {
			return err
		}
	}
	return p.write(p.body.Bytes()[p.insert:])
}

func (p *xmlPrinter) write(text []byte) error {
	p.empty = false
	_, err := p.out.Write(text)
	return err
}

// element prints the element whose Start token was read last, up to its End token.
func (p *xmlPrinter) element(depth int) error {
	s := &p.scanner
	name := string(s.Name())
	outer := len(p.declared)
	defer func() { p.declared = p.declared[:outer] }()
	p.startTag(name, depth)

	var text []byte
	parent := false // it has child elements
	for {
		kind, err := s.Next()
		if err != nil {
			return err
		}
		switch kind {
		case xmlscan.Text:
			text = s.AppendText(text)
			continue
		case xmlscan.Start:
			if !parent {
				p.body.WriteString(">\n")
			}
			parent = true
			p.mixed(text, depth)
			text = text[:0]
			if string(xmlscan.Local(s.Name())) == "rpc-error" {
				err = p.failure()
			} else {
				err = p.element(depth + 1)
			}
			if err != nil {
				return err
			}
			continue
		}
		blank := len(bytes.TrimSpace(text)) == 0
		switch {
		case parent:
			p.mixed(text, depth)
			p.body.WriteString(indent(depth) + "</" + name + ">\n")
		case blank && (len(text) == 0 || bytes.ContainsRune(text, '\n')): // white space with line feeds is layout, other white space is a value
			p.body.WriteString("/>\n")
		default:
			p.mentions(string(text))
			p.body.WriteString(">" + escapeText.Replace(string(text)) + "</" + name + ">\n")
		}
		return nil
	}
}

// startTag prints a start tag without its end.
func (p *xmlPrinter) startTag(name string, depth int) {
	s := &p.scanner
	p.body.WriteString(indent(depth) + "<" + name)
	for _, a := range s.Attrs() {
		if prefix, ok := a.Declares(); ok {
			p.declared = append(p.declared, string(prefix))
		}
	}
	p.uses(prefixOf(name))
	for _, a := range s.Attrs() {
		value := string(s.AppendValue(nil, a))
		if _, ok := a.Declares(); !ok {
			if prefix := prefixOf(string(a.Name)); prefix != "" {
				p.uses(prefix)
			}
			p.mentions(value)
		}
		p.body.WriteString(" " + string(a.Name) + `="` + escapeAttribute(value) + `"`)
	}
	if depth == 0 {
		p.insert = p.body.Len()
	}
}

// mixed prints text between elements.
func (p *xmlPrinter) mixed(text []byte, depth int) {
	if text = bytes.TrimSpace(text); len(text) > 0 {
		p.mentions(string(text))
		p.body.WriteString(indent(depth+1) + escapeText.Replace(string(text)) + "\n")
	}
}

// uses records that a prefix is used; "" is the default namespace.
func (p *xmlPrinter) uses(prefix string) {
	if _, ok := p.envelope[prefix]; ok && !slices.Contains(p.declared, prefix) {
		p.used[prefix] = true
	}
}

// mentions records the prefixes in a value, which may be an identity or a path: words before a colon.
func (p *xmlPrinter) mentions(value string) {
	for before, rest, found := strings.Cut(value, ":"); found; before, rest, found = strings.Cut(rest, ":") {
		if prefix := before[strings.LastIndexFunc(before, endsName)+1:]; prefix != "" {
			p.uses(prefix)
		}
	}
}

// endsName reports whether a character cannot be part of a name.
func endsName(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
}

func prefixOf(name string) string {
	prefix, _, found := strings.Cut(name, ":")
	if !found {
		return ""
	}
	return prefix
}

func indent(depth int) string { return strings.Repeat("  ", depth) }

var escapeText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")

func escapeAttribute(value string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(value)) // a Builder returns no errors
	return b.String()
}
