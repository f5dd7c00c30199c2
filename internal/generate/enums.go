package generate

import (
	"reflect"
	"strconv"

	"github.com/openconfig/goyang/pkg/yang"
)

// numberEnums gives every name of an enumeration without a value statement its number: one more than the highest before it, also where
// that is negative (RFC 7950, section 9.6.4.2). The parser would begin at 0.
func numberEnums(modules *yang.Modules) {
	eachType(modules, func(t *yang.Type) {
		if t.Name != "enumeration" {
			return
		}
		highest := int64(-1)
		for i, e := range t.Enum {
			number := highest + 1
			if e.Value == nil {
				e.Value = &yang.Value{Name: strconv.FormatInt(number, 10), Source: e.Source, Parent: e}
			} else if given, err := strconv.ParseInt(e.Value.Name, 0, 64); err == nil {
				number = given
			}
			if i == 0 || number > highest {
				highest = number
			}
		}
	})
}

// restoreEnums gives the names of a restricted enumeration the numbers that they have in its base type (RFC 7950, section 9.6.3). The
// parser numbers them anew. It is called after the types are resolved.
func restoreEnums(modules *yang.Modules) {
	eachType(modules, func(t *yang.Type) {
		if len(t.Enum) == 0 || t.Name == "enumeration" || t.YangType == nil || t.YangType.Enum == nil {
			return
		}
		base := t.YangType.Base
		for range 32 { // to the type that has the enumeration
			if base == nil || base.Name == "enumeration" || base.YangType == nil {
				break
			}
			base = base.YangType.Base
		}
		if base == nil || base.YangType == nil || base.YangType.Enum == nil {
			return
		}
		restricted := t.YangType.Enum
		clear(restricted.ToInt)
		clear(restricted.ToString)
		for _, e := range t.Enum {
			if base.YangType.Enum.IsDefined(e.Name) {
				number := base.YangType.Enum.Value(e.Name)
				restricted.ToInt[e.Name], restricted.ToString[number] = number, e.Name
			}
		}
	})
}

// eachType calls f with every type statement of all modules and submodules.
func eachType(modules *yang.Modules, f func(*yang.Type)) {
	seen := map[any]bool{}
	for _, all := range []map[string]*yang.Module{modules.Modules, modules.SubModules} {
		for _, m := range all {
			eachTypeBelow(reflect.ValueOf(m), seen, f)
		}
	}
}

var nodeType = reflect.TypeFor[yang.Node]()

// eachTypeBelow walks the statements below a node: its fields that are nodes or lists of nodes. Parent and Modules lead upwards.
func eachTypeBelow(node reflect.Value, seen map[any]bool, f func(*yang.Type)) {
	if node.IsNil() || seen[node.Interface()] {
		return
	}
	seen[node.Interface()] = true
	if t, ok := node.Interface().(*yang.Type); ok {
		f(t)
	}
	if node.Elem().Kind() != reflect.Struct {
		return
	}
	for i := range node.Elem().NumField() {
		field, value := node.Elem().Type().Field(i), node.Elem().Field(i)
		switch {
		case field.Name == "Parent" || !field.IsExported():
		case field.Type.Kind() == reflect.Pointer && field.Type.Implements(nodeType):
			eachTypeBelow(value, seen, f)
		case field.Type.Kind() == reflect.Slice && field.Type.Elem().Implements(nodeType):
			for j := range value.Len() {
				if value.Index(j).Kind() == reflect.Pointer {
					eachTypeBelow(value.Index(j), seen, f)
				}
			}
		}
	}
}
