package config

import "gopkg.in/yaml.v3"

// source is a file, or a part of one, as it was written. Positions in messages come from it.
type source struct {
	file string
	line int
	node *yaml.Node
}

// at returns the position of what path names: strings are keys, ints are indexes. A part that does not exist has the
// position of the nearest part above it.
func (s *source) at(path ...any) Position {
	if s == nil {
		return Position{}
	}
	part := s.sub(path...)
	return Position{File: part.file, Line: part.line}
}

// sub returns the part that path names, or the nearest part above it.
func (s *source) sub(path ...any) *source {
	part := *s
	for _, step := range path {
		var line int
		var node *yaml.Node
		switch step := step.(type) {
		case string:
			line, node = child(resolve(part.node), step)
		case int:
			if list := resolve(part.node); list.Kind == yaml.SequenceNode && step >= 0 && step < len(list.Content) {
				node = list.Content[step]
				line = node.Line
			}
		}
		if node == nil {
			break
		}
		part.line, part.node = line, node
	}
	return &part
}

// child returns a mapping's value for key, and the line of the key; merged mappings (<<) come last.
func child(mapping *yaml.Node, key string) (int, *yaml.Node) {
	if mapping.Kind != yaml.MappingNode {
		return 0, nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if k := mapping.Content[i]; k.Value == key && k.Kind == yaml.ScalarNode {
			return k.Line, mapping.Content[i+1]
		}
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if !isMerge(mapping.Content[i]) {
			continue
		}
		for _, merged := range mergedMappings(mapping.Content[i+1]) {
			if line, node := child(merged, key); node != nil {
				return line, node
			}
		}
	}
	return 0, nil
}

// resolve follows an alias to what its anchor holds.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && key.ShortTag() == "!!merge"
}

// mergedMappings lists the mappings that a merge key refers to.
func mergedMappings(value *yaml.Node) []*yaml.Node {
	value = resolve(value)
	if value.Kind != yaml.SequenceNode {
		return []*yaml.Node{value}
	}
	var all []*yaml.Node
	for _, n := range value.Content {
		all = append(all, resolve(n))
	}
	return all
}
