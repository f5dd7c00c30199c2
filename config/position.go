package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Position is a place in a configuration file.
type Position struct {
	File string
	Line int // from 1; 0 when the file as a whole is meant
}

// String gives "netconf.yml:12", the file's name alone when no line is known, or "line 12" of a text without a file.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.File == "":
		return fmt.Sprintf("line %d", p.Line)
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Error is one thing that is wrong with the configuration, where it is, and what to do about it.
type Error struct {
	Position Position
	Message  string // "what is wrong; what to do"
}

// Error gives "netconf.yml:12: what is wrong; what to do".
func (e *Error) Error() string {
	if e.Position == (Position{}) {
		return e.Message
	}
	return e.Position.String() + ": " + e.Message
}

// problems collects what is wrong, so that an operator sees everything at once.
type problems struct {
	errors []*Error
}

func (p *problems) add(at Position, format string, args ...any) {
	p.errors = append(p.errors, &Error{Position: at, Message: fmt.Sprintf(format, args...)})
}

// err joins the problems, by file and line; nil when there is none.
func (p *problems) err() error {
	slices.SortStableFunc(p.errors, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Position.File, b.Position.File), cmp.Compare(a.Position.Line, b.Position.Line),
			cmp.Compare(a.Message, b.Message))
	})
	var errs []error
	for _, e := range p.errors {
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}
