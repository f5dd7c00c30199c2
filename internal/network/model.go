package network

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"text/template"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/netconf-exporter/netconf_exporter/internal/simulator"
)

// model is how a device tells of itself in one YANG model, or a few that belong together.
type model struct {
	Tops         []string               `yaml:"tops"` // names of the top elements of its data
	Capabilities []string               `yaml:"capabilities"`
	Operations   []string               `yaml:"operations"` // of its own
	Modules      []simulator.YANGModule `yaml:"modules"`
	template     *template.Template
}

// loadModels reads the built-in models.
func loadModels() (map[string]*model, error) {
	index, err := models.ReadFile("models/models.yml")
	if err != nil {
		return nil, err
	}
	all := map[string]*model{}
	if err := yaml.Unmarshal(index, &all); err != nil {
		return nil, fmt.Errorf("models.yml: %w", err)
	}
	templates, err := template.New("").Funcs(functions()).ParseFS(models, "models/*.xml")
	if err != nil {
		return nil, err
	}
	for name, m := range all {
		if m.template = templates.Lookup(name + ".xml"); m.template == nil {
			return nil, fmt.Errorf("models.yml: there is no %s.xml", name)
		}
		for _, operation := range m.Operations {
			if templates.Lookup(operation) == nil {
				return nil, fmt.Errorf("models.yml: %s has no template for %s", name, operation)
			}
		}
	}
	return all, nil
}

// functions are those that the templates call.
func functions() template.FuncMap {
	return template.FuncMap{
		"x":           escape,
		"args":        func(all ...any) []any { return all },
		"time":        func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
		"nanoseconds": func(t time.Time) int64 { return t.UnixNano() },
		"decimal":     func(digits int, value float64) string { return fmt.Sprintf("%.*f", digits, value) },
		"scientific":  func(value float64) string { return fmt.Sprintf("%.18f", value) }, // decimal64 of 18 digits
		"percent":     func(ratio float64) int { return int(math.Round(100 * ratio)) },
		"low32":       func(value uint64) uint32 { return uint32(value) }, // counter32 wraps
		"mebibytes":   func(octets uint64) uint64 { return octets >> 20 },
		"fahrenheit":  func(celsius float64) float64 { return celsius*9/5 + 32 },
		"dayclock":    dayClock,
		"age":         func(now, then time.Time) int64 { return int64(now.Sub(then).Seconds()) },
		"add":         add,
		"gigabits":    func(speed uint64) uint64 { return speed / 1e9 },
		"megabits":    func(speed uint64) uint64 { return speed / 1e6 },
		"share":       func(value, percent uint64) uint64 { return value * percent / 100 },
		"float32":     ieeeFloat32,
		"sensor":      sensor,
		"platform":    func(class string) string { return upper(class) },
		"family":      upper,
		"number":      number,
		"packets":     func(octets uint64) uint64 { return octets / packetSize },
	}
}

// dayClock is how long ago something was, as 3d 04:05:06.
func dayClock(now, then time.Time) string {
	seconds := int64(now.Sub(then).Seconds())
	return fmt.Sprintf("%dd %02d:%02d:%02d", seconds/day, seconds/3600%24, seconds/60%60, seconds%60)
}

// add adds whole numbers to whatever kind of number the template has.
func add(more int, to any) (int64, error) {
	switch to := to.(type) {
	case int:
		return int64(more + to), nil
	case float64:
		return int64(more) + int64(math.Round(to)), nil
	}
	return 0, fmt.Errorf("cannot add to a %T", to)
}

// escape makes text fit to stand in XML.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// upper writes a name as OpenConfig's identities are: power-supply is POWER_SUPPLY.
func upper(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

// number is what a name such as PSU 1 ends in.
func number(name string) string {
	return name[len(strings.TrimRight(name, "0123456789")):]
}

// ieeeFloat32 is a number in OpenConfig's type of that name, which in XML is base64.
func ieeeFloat32(value float64) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(value))))
}

// sensor is the sensor-data of RFC 8348: thousandths of the unit.
func sensor(unit string, value float64, broken bool) string {
	status := "ok"
	if broken {
		status = "nonoperational"
	}
	return fmt.Sprintf("<sensor-data><value>%d</value><value-type>%s</value-type><value-scale>units</value-scale><value-precision>3</value-precision><oper-status>%s</oper-status></sensor-data>",
		int64(math.Round(1000*value)), unit, status)
}
