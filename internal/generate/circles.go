package generate

import (
	"fmt"
	"strings"

	"github.com/openconfig/goyang/pkg/yang"
)

// circles looks for groupings that use themselves and types that are made of themselves, over any number of others (RFC 7950,
// sections 7.12 and 7.3, forbid it): the parser would follow them for ever.
type circles struct {
	uses  map[string][]string // by "KEYWORD MODULE:NAME": what it refers to
	at    map[string]string
	state map[string]int // 1: being followed, 2: done
}

// refuseCircles checks all modules together.
func refuseCircles(modules []*yang.Statement) error {
	c := &circles{map[string][]string{}, map[string]string{}, map[string]int{}}
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
				c.at[name] = s.Location()
				c.refers(name, s, owner, prefixes)
			}
		}
	}
	for name := range c.uses {
		if err := c.follow(name); err != nil {
			return err
		}
	}
	return nil
}

// refers notes what a statement's substatements refer to.
func (c *circles) refers(from string, s *yang.Statement, owner string, prefixes map[string]string) {
	for _, sub := range s.SubStatements() {
		if kind := map[string]string{"uses": "grouping", "type": "typedef"}[sub.Keyword]; kind != "" {
			prefix, name, prefixed := strings.Cut(sub.Argument, ":")
			module := owner
			if !prefixed {
				name = prefix
			} else if imported, ok := prefixes[prefix]; ok {
				module = imported
			}
			c.uses[from] = append(c.uses[from], kind+" "+module+":"+name)
		}
		c.refers(from, sub, owner, prefixes)
	}
}

func (c *circles) follow(name string) error {
	switch c.state[name] {
	case 1:
		return fmt.Errorf("the YANG is not valid: %s: %s refers to itself", c.at[name], name)
	case 2:
		return nil
	}
	c.state[name] = 1
	for _, to := range c.uses[name] {
		if err := c.follow(to); err != nil {
			return err
		}
	}
	c.state[name] = 2
	return nil
}
