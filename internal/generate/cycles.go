package generate

import (
	"fmt"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// cycles finds groupings and types that refer to themselves, directly or by others. RFC 7950, sections 7.12 and 7.3, forbids them, and
// the parser would not end.
type cycles struct {
	references map[string][]string // by "KEYWORD MODULE:NAME"
	locations  map[string]string
	state      map[string]int // 1: in progress, 2: done
}

// refuseCycles checks all modules together.
func refuseCycles(modules []*yang.Statement) error {
	c := &cycles{map[string][]string{}, map[string]string{}, map[string]int{}}
	for _, m := range modules {
		owner, prefixes := m.Argument, map[string]string{}
		for _, s := range m.SubStatements() {
			switch s.Keyword {
			case "belongs-to":
				owner = s.Argument
			case "import":
				for _, sub := range s.SubStatements() {
					if sub.Keyword == "prefix" {
						prefixes[sub.Argument] = s.Argument
					}
				}
			}
		}
		for _, s := range m.SubStatements() {
			if s.Keyword == "grouping" || s.Keyword == "typedef" {
				name := s.Keyword + " " + owner + ":" + s.Argument
				c.locations[name] = s.Location()
				c.addReferences(name, s, owner, prefixes)
			}
		}
	}
	for name := range c.references {
		if err := c.follow(name); err != nil {
			return err
		}
	}
	return nil
}

// addReferences adds what the substatements of a statement refer to.
func (c *cycles) addReferences(from string, s *yang.Statement, owner string, prefixes map[string]string) {
	for _, sub := range s.SubStatements() {
		if kind := map[string]string{"uses": "grouping", "type": "typedef"}[sub.Keyword]; kind != "" {
			prefix, name, prefixed := strings.Cut(sub.Argument, ":")
			module := owner
			if !prefixed {
				name = prefix
			} else if imported, ok := prefixes[prefix]; ok {
				module = imported
			}
			c.references[from] = append(c.references[from], kind+" "+module+":"+name)
		}
		c.addReferences(from, sub, owner, prefixes)
	}
}

func (c *cycles) follow(name string) error {
	switch c.state[name] {
	case 1:
		return fmt.Errorf("the YANG is not valid: %s: %s refers to itself", c.locations[name], name)
	case 2:
		return nil
	}
	c.state[name] = 1
	for _, to := range c.references[name] {
		if err := c.follow(to); err != nil {
			return err
		}
	}
	c.state[name] = 2
	return nil
}
