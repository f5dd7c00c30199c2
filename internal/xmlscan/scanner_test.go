package xmlscan_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// scan renders a document's tokens as a line each: "+{uri}local a=v", "text", "-".
func scan(t *testing.T, r io.Reader) (lines []string, err error) {
	t.Helper()
	var s xmlscan.Scanner
	s.Reset(r)
	return render(&s)
}

func render(s *xmlscan.Scanner) (lines []string, err error) {
	text := ""
	flush := func() {
		if strings.TrimSpace(text) != "" {
			lines = append(lines, text)
		}
		text = ""
	}
	for {
		kind, err := s.Next()
		if err != nil {
			return lines, err
		}
		switch kind {
		case xmlscan.Start:
			flush()
			uri, local := s.Resolve(s.Name())
			line := "+{" + uri + "}" + string(local)
			for _, a := range s.Attrs() {
				line += " " + string(a.Name) + "=" + string(s.AppendValue(nil, a))
			}
			lines = append(lines, line)
		case xmlscan.End:
			flush()
			lines = append(lines, "-")
		case xmlscan.Text:
			text = string(s.AppendText([]byte(text)))
		}
	}
}

func TestDocuments(t *testing.T) {
	for name, tc := range map[string]struct {
		doc  string
		want []string
		err  string // part of the message; "" for a complete document
	}{
		"namespaces":           {doc: `<a xmlns="u"><p:b xmlns:p="v"><c/></p:b><c/></a>`, want: []string{"+{u}a xmlns=u", "+{v}b xmlns:p=v", "+{u}c", "-", "-", "+{u}c", "-", "-"}},
		"empty default":        {doc: `<a xmlns="u"><b xmlns=""/></a>`, want: []string{"+{u}a xmlns=u", "+{}b xmlns=", "-", "-"}},
		"unbound prefix":       {doc: `<nc:a><nc:b/></nc:a>`, want: []string{"+{}a", "+{}b", "-", "-"}},
		"attributes":           {doc: "<a x = 'q\"q'\n\ty=\"a>b&amp;\"/>", want: []string{`+{}a x=q"q y=a>b&`, "-"}},
		"prologue":             {doc: "\ufeff \n<?xml version='1.1'?><!-- <x> --><?pi <y> ?><a/>\n<!-- z -->\n", want: []string{"+{}a", "-"}},
		"two byte order marks": {doc: "\ufeff\ufeff<a/>", want: []string{"+{}a", "-"}},
		"references":           {doc: "<a>&lt;&#65;&#x42;&amp;amp; &nbsp; A & B &#8;&#xD800;&#x110000;</a>", want: []string{"+{}a", "<AB&amp; &nbsp; A & B &#x110000;", "-"}},
		"control characters":   {doc: "<a>x\x08\x00y</a>", want: []string{"+{}a", "xy", "-"}},
		"line ends":            {doc: "<a>1\r\n2\r3</a>", want: []string{"+{}a", "1\n2\n3", "-"}},
		"invalid UTF-8":        {doc: "<a>M\xfcnchen \xcd\xcd</a>", want: []string{"+{}a", "M\ufffdnchen \ufffd\ufffd", "-"}},
		"ISO-8859-1":           {doc: "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a x='\xe9'>M\xfcnchen</a>", want: []string{"+{}a x=é", "München", "-"}},
		"character data":       {doc: "<a>x<![CDATA[<b>&amp;]]]]><![CDATA[>é]]>y</a>", want: []string{"+{}a", "x<b>&amp;]]>éy", "-"}},
		"line ends in CDATA":   {doc: "<a><![CDATA[1\r\n2345\r678\r]]>9</a>", want: []string{"+{}a", "1\n2345\n678\n9", "-"}},
		"bytes in CDATA":       {doc: "<a><![CDATA[" + strings.Repeat("\x80", 9) + "]]></a>", want: []string{"+{}a", strings.Repeat("\ufffd", 9), "-"}},
		"white space in tags":  {doc: "<a \n><b\t/></a\n>", want: []string{"+{}a", "+{}b", "-", "-"}},
		"emoji":                {doc: "<a>😀</a>", want: []string{"+{}a", "😀", "-"}},
		"mismatch":             {doc: "<a><b></a>", want: []string{"+{}a", "+{}b"}, err: "byte 6: </a> closes <b>"},
		"truncated":            {doc: "<a><b>x", want: []string{"+{}a", "+{}b"}, err: "ends before"},
		"truncated in a tag":   {doc: "<a><b x='1", want: []string{"+{}a"}, err: "ends before"},
		"empty":                {doc: " \n", err: "ends before"},
		"two roots":            {doc: "<a/><b/>", want: []string{"+{}a", "-"}, err: "second root"},
		"text after the root":  {doc: "<a/>x", want: []string{"+{}a", "-"}, err: "outside the root"},
		"text before the root": {doc: "x<a/>", err: "outside the root"},
		"document type":        {doc: `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`, err: "document type"},
		"no quotes":            {doc: "<a x=1/>", err: "without quotes"},
		"no value":             {doc: "<a x/>", err: "without a value"},
		"quote in a name":      {doc: `<a"x>y">1</a"x>y">`, err: "quote in a name"},
		"quote in another":     {doc: `<a xmlns:b"u"xmlns:c="v"/>`, err: "quote in a name"},
		"tag in a tag":         {doc: "<a <b/></a>", err: "inside a tag"},
		"stray less-than":      {doc: "<a>1 < 2</a>", want: []string{"+{}a"}, err: "inside a tag"},
		"UTF-16":               {doc: `<?xml version="1.0" encoding="UTF-16"?><a/>`, err: "neither UTF-8"},
		"too deep":             {doc: strings.Repeat("<a>", 10000), want: nil, err: "512 deep"},
		"namespaces for ever":  {doc: "<a>" + declarations("<b xmlns='u%d'/>") + "</a>"},
		"prefixes for ever":    {doc: "<a>" + declarations("<b xmlns:p%d='u'/>") + "</a>"},
		"long name":            {doc: "<" + strings.Repeat("a", 1025) + "/>", err: "a name of more than 1 KiB"},
		"many attributes":      {doc: "<a" + strings.Repeat(" b=''", 4097) + "/>", err: "thousands of attributes"},
		"nested declarations":  {doc: strings.Repeat("<a"+strings.Repeat(" xmlns:p='u'", 20)+">", 300), err: "thousands of namespaces"},
		"long declarations":    {doc: strings.Repeat("<a xmlns='"+strings.Repeat("u", 1<<19)+"'>", 9), err: "thousands of namespaces"},
		"escaped namespace":    {doc: `<a xmlns:p="&#117;"><b xmlns="&lt;"><p:c/></b><p:d/></a>`, want: []string{"+{}a xmlns:p=u", "+{<}b xmlns=<", "+{u}c", "-", "-", "+{u}d", "-", "-"}},
		"prefix bound anew":    {doc: `<p:a xmlns:p="u"><p:b xmlns:p="v"><p:c/></p:b><p:d/></p:a>`, want: []string{"+{u}a xmlns:p=u", "+{v}b xmlns:p=v", "+{v}c", "-", "-", "+{u}d", "-", "-"}},
		"declarations":         {doc: "<a" + declarations(" xmlns:p%d='u'") + "/>", err: "thousands of attributes"},
		"end without start":    {doc: "</a>", err: "without a start tag"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, way := range []struct {
				name string
				r    io.Reader
			}{
				{"whole", strings.NewReader(tc.doc)},
				{"byte by byte", iotest.OneByteReader(strings.NewReader(tc.doc))},
				{"data with EOF", iotest.DataErrReader(strings.NewReader(tc.doc))},
			} {
				got, err := scan(t, way.r)
				if tc.err == "" && err != io.EOF || tc.err != "" && !strings.Contains(err.Error(), tc.err) {
					t.Errorf("%s: error %v, want %q", way.name, err, tc.err)
				}
				if tc.want == nil {
					continue
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s: %s", way.name, diff)
				}
			}
			var s xmlscan.Scanner
			s.ResetBytes([]byte(tc.doc))
			got, err := render(&s)
			if diff := cmp.Diff(tc.want, got); tc.want != nil && diff != "" || (tc.err == "") != (err == io.EOF) {
				t.Errorf("at hand: %v %s", err, diff)
			}
		})
	}
}

func TestReaderErrorIsPassedOn(t *testing.T) {
	broken := errors.New("broken")
	if _, err := scan(t, io.MultiReader(strings.NewReader("<a><b>"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestTagsAreBounded(t *testing.T) {
	_, err := scan(t, io.MultiReader(strings.NewReader(`<a x="`), endless{}))
	var syntax *xmlscan.SyntaxError
	if !errors.As(err, &syntax) {
		t.Errorf("error %v, want a SyntaxError", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestSkip(t *testing.T) {
	var s xmlscan.Scanner
	s.Reset(strings.NewReader("<a><b><c>x</c><d/></b><e/></a>"))
	for range 2 {
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Skip(); err != nil {
		t.Fatal(err)
	}
	if kind, err := s.Next(); kind != xmlscan.Start || string(s.Name()) != "e" || err != nil {
		t.Errorf("after Skip: %v %q %v, want the start of e", kind, s.Name(), err)
	}
}

func FuzzScanner(f *testing.F) {
	f.Add([]byte("<a x='1'>&lt;<![CDATA[y]]></a>"))
	f.Add([]byte("\ufeff<?xml version=\"1.0\" encoding=\"latin1\"?><a>\xfc</a>"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		whole, err1 := scan(t, strings.NewReader(string(doc)))
		pieces, err2 := scan(t, iotest.OneByteReader(strings.NewReader(string(doc))))
		if (err1 == nil) != (err2 == nil) || !cmp.Equal(whole, pieces) {
			t.Errorf("whole gives %q, %v; byte by byte %q, %v", whole, err1, pieces, err2)
		}
	})
}

// declarations repeats a text with the numbers up to 10,000.
func declarations(text string) string {
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, text, i)
	}
	return b.String()
}

// TestManyNamespaces nests declarations that hide each other, and looks prefixes up in each element on the way in and out.
func TestManyNamespaces(t *testing.T) {
	const depth, prefixes = 60, 7
	var doc strings.Builder
	doc.WriteString(`<a xmlns="root">`)
	for i := range depth {
		fmt.Fprintf(&doc, `<a xmlns:p%d="u%d" xmlns:q%d="v%d">`, i%prefixes, i, i, i)
	}
	for i := depth - 1; i >= 0; i-- {
		for p := range prefixes {
			fmt.Fprintf(&doc, "<p%d:b/>", p)
		}
		fmt.Fprintf(&doc, "<q%d:b/><q%d:b/><b/></a>", i, i+1)
	}
	doc.WriteString("</a>")
	var s xmlscan.Scanner
	for range 2 { // the second document finds nothing of the first
		s.Reset(strings.NewReader(doc.String()))
		looked := 0
		for {
			kind, err := s.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			name := string(s.Name())
			if kind != xmlscan.Start || name == "a" {
				continue
			}
			innermost := s.Depth() - 3 // the number of the element around it
			want := "root"
			var n int
			if _, err := fmt.Sscanf(name, "p%d:b", &n); err == nil {
				if want = ""; n <= innermost {
					want = fmt.Sprint("u", innermost-(innermost-n)%prefixes)
				}
			} else if _, err := fmt.Sscanf(name, "q%d:b", &n); err == nil {
				if want = ""; n <= innermost {
					want = fmt.Sprint("v", n)
				}
			}
			if uri, _ := s.Resolve(s.Name()); uri != want {
				t.Fatalf("%s in the element of depth %d is in %q, want %q", name, innermost, uri, want)
			}
			looked++
		}
		if looked != depth*(prefixes+3) {
			t.Fatalf("%d elements", looked)
		}
	}
}

// BenchmarkManyNamespaces looks up prefixes while 4,000 namespaces are in force.
func BenchmarkManyNamespaces(b *testing.B) {
	var doc strings.Builder
	doc.WriteString("<a")
	for i := range 4000 {
		fmt.Fprintf(&doc, " xmlns:p%d='u'", i)
	}
	doc.WriteString(">" + strings.Repeat("<p0:b/>", 10_000) + "</a>")
	b.SetBytes(int64(doc.Len()))
	for b.Loop() {
		var s xmlscan.Scanner
		s.Reset(strings.NewReader(doc.String()))
		for {
			kind, err := s.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			if kind == xmlscan.Start {
				s.Resolve(s.Name())
			}
		}
	}
}
