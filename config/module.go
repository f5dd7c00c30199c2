package config

// Module says which replies to ask a device for and where the catalogue's metrics sit in them. It is data: a vendor or a
// YANG model is a file of this form, built in (config/modules) or written by the user under `modules:`.
type Module struct {
	// Provides names the kind of thing the module reads ("interfaces"). Of the modules that provide one thing, auto takes
	// the best one that the device has and that gives rows.
	Provides string `yaml:"provides,omitempty"`
	// Preference orders the modules of one kind for auto, the highest first.
	Preference int `yaml:"preference,omitempty"`
	// Status is "supported" when a recorded reply of a real device is part of the tests, else "untested".
	Status string `yaml:"status,omitempty"`
	// Namespaces maps the prefixes used in paths to namespace URIs; "*" in a URI stands for any run of characters.
	Namespaces map[string]string `yaml:"namespaces,omitempty"`
	// Requires lists what a device must announce: a prefix, "prefix@>=REVISION", ":nmda" or a capability URI.
	Requires []string `yaml:"requires,omitempty"`
	// MaxAge overrides the target's max_age for this module.
	MaxAge *Duration `yaml:"max_age,omitempty"`
	Reads  []Read    `yaml:"reads"`
	// Roots are paths that wrap the rows' paths, such as a multi-routing-engine envelope; "" is the reply itself.
	Roots []string `yaml:"roots,omitempty"`
	// Errors are paths (below any of the roots) of elements by which a device reports that a part of a reply failed; their
	// `message` says how.
	Errors []string `yaml:"errors,omitempty"`
	Rows   []Row    `yaml:"rows"`
	// Lookups are tables by which labels translate what a row has, such as an interface's index, into what another list has of
	// it, such as its name.
	Lookups map[string]Lookup `yaml:"lookups,omitempty"`

	// Position is where the module begins in its file.
	Position Position `yaml:"-"`
	source   *source  // the module's own part of its file
}

// At returns the position of a part of the module, named by its keys and indexes: At("rows", 0, "metrics", "NAME"). A
// part that does not exist has the position of the nearest part above it, and a module made in Go has none.
func (m *Module) At(path ...any) Position { return m.source.at(path...) }

// Read is one rpc: exactly one of Get, GetData, GetConfig and RPC is set.
type Read struct {
	Get       []string `yaml:"get,omitempty"`
	GetData   []string `yaml:"get_data,omitempty"`
	GetConfig []string `yaml:"get_config,omitempty"`
	// RPC is the XML of a reading operation, sent as it stands.
	RPC string `yaml:"rpc,omitempty"`
	// Next is the operation that asks for the next part of a reply which the device sends in parts: it holds the name of an
	// attribute of <rpc-reply> in braces. There are more parts as long as a reply has the attribute.
	Next string `yaml:"next,omitempty"`
	// Optional says that a device which answers with an rpc-error does not have what is asked for: that is no failure, and it is not asked
	// again for a while.
	Optional bool `yaml:"optional,omitempty"`
}

// Row describes the entries of a list (or a container) that become rows of metrics.
type Row struct {
	Path Strings `yaml:"path"`
	// Key names the leaves that identify a row. Rows with equal keys are one row, across lists and reads.
	Key    Strings          `yaml:"key,omitempty"`
	Labels map[string]Value `yaml:"labels,omitempty"`
	// When keeps the rows whose leaves hold one of the given texts; "*" is any text but none. Unless leaves out the rows of which a
	// leaf holds one of them.
	When   map[string]Strings `yaml:"when,omitempty"`
	Unless map[string]Strings `yaml:"unless,omitempty"`
	// BeginsWith is for lists whose entries have no element around them: one begins with each of this leaf.
	BeginsWith string `yaml:"begins_with,omitempty"`
	// Limit is how many rows are taken at most; those beyond are left out and counted. 0 is no limit.
	Limit int `yaml:"limit,omitempty"`
	// Repeats says that the list has several entries for one thing, such as a BGP neighbour once for each address family. The first
	// value counts, and the others are not counted as duplicates.
	Repeats bool `yaml:"repeats,omitempty"`
	// StartTime is when the row's counters began, for their created timestamp.
	StartTime *Value           `yaml:"start_time,omitempty"`
	Metrics   map[string]Value `yaml:"metrics,omitempty"`
	Rows      []Row            `yaml:"rows,omitempty"`
}

// Lookup describes a table from the texts of its keys to a text.
type Lookup struct {
	Path  Strings `yaml:"path"`
	Key   []Value `yaml:"key"`
	Value Value   `yaml:"value"`
}

// Value says how one label or metric is made from a row. In YAML a bare string is Value{Leaf: string}.
type Value struct {
	// Leaf is a path relative to the row ("." is the row's own text), or an absolute path into an enclosing entry.
	Leaf string `yaml:"leaf,omitempty"`
	// Attribute takes an XML attribute of the leaf (by local name) in place of its text.
	Attribute string `yaml:"attribute,omitempty"`
	// Decode reads the text in another way than the catalogue's: age, nanoseconds, milliseconds, unix_time, ieeefloat32, bitrate,
	// milliwatts, presence; for labels dotted_quad, lower_case.
	Decode string `yaml:"decode,omitempty"`
	// Values maps texts (prefix off) to numbers, or for labels to texts; "*" is any other text.
	Values map[string]string `yaml:"values,omitempty"`
	Scale  *float64          `yaml:"scale,omitempty"`
	Offset *float64          `yaml:"offset,omitempty"`
	// Min and Max narrow the range of the catalogue, so that first_of can choose the interpretation that makes sense.
	Min *float64 `yaml:"min,omitempty"`
	Max *float64 `yaml:"max,omitempty"`
	// ScaleLeaf holds an SI scale name (RFC 8348 sensor-value-scale: yocto to yotta).
	ScaleLeaf string `yaml:"scale_leaf,omitempty"`
	// PrecisionLeaf holds the number of decimal digits of a fixed-point value (RFC 8348 sensor-value-precision); 1 to 9
	// divide, other values do nothing.
	PrecisionLeaf string `yaml:"precision_leaf,omitempty"`
	// Match is a regular expression that the text must match; its first group, if it has one, is the value. {number} stands for
	// a group that is a number, its sign and exponent included.
	Match string `yaml:"match,omitempty"`
	// Skip lists texts that mean "no value": no sample, and nothing counted.
	Skip Strings `yaml:"skip,omitempty"`
	// When gives the value only in rows whose leaves hold one of the given texts, Unless only in the others.
	When   map[string]Strings `yaml:"when,omitempty"`
	Unless map[string]Strings `yaml:"unless,omitempty"`
	// FirstOf takes the first of several values that is there and valid.
	FirstOf []Value `yaml:"first_of,omitempty"`
	// SumOf adds up those of several numbers that are there.
	SumOf []Value `yaml:"sum_of,omitempty"`
	// SumRows adds up the numbers of all rows that have the same key labels.
	SumRows bool `yaml:"sum_rows,omitempty"`
	// Lookup names the table in which a label's text is found, By the key to it.
	Lookup string  `yaml:"lookup,omitempty"`
	By     []Value `yaml:"by,omitempty"`
	// Template composes a label from leaves: "{slot}/{port}". {position()} is the row's place among those of its path, from 1.
	Template string `yaml:"template,omitempty"`
}

// UnmarshalYAML reads a Value as a bare leaf or as a mapping.
func (v *Value) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&v.Leaf) == nil {
		return nil
	}
	v.Leaf = ""
	type plain Value
	return unmarshal((*plain)(v))
}

// Strings is a list of strings that YAML may also give as one string.
type Strings []string

// UnmarshalYAML reads one scalar or a list of them.
func (s *Strings) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		*s = Strings{one}
		return nil
	}
	return unmarshal((*[]string)(s))
}
