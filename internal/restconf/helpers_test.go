package restconf_test

import (
	"io"

	"github.com/netconf-exporter/netconf_exporter/internal/xmlscan"
)

// wellFormed reads one XML document.
func wellFormed(r io.Reader) error {
	var s xmlscan.Scanner
	s.Reset(r)
	for {
		if _, err := s.Next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
