package config_test

import (
	"fmt"

	"github.com/netconf-exporter/netconf_exporter/config"
)

func ExampleParse() {
	c, err := config.Parse([]byte(`
auths:
  lab: {username: monitor, password: secret, insecure_ignore_host_key: true}
targets:
  - {name: core1, address: 192.0.2.1, auth: lab}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, target := range c.Targets {
		fmt.Println(target.Name, target.HostPort(), *target.Timeout, target.Modules)
	}
	// Output: core1 192.0.2.1:830 30s [auto]
}

func ExampleParse_error() {
	_, err := config.Parse([]byte(`
auths:
  lab: {username: monitor, password: secret, insecure_ignore_host_key: true}
targets:
  - {name: core1, address: 192.0.2.1, auth: lap, timeout: 10s}
`))
	fmt.Println(err)
	// Output: line 5: auth "lap" is not under auths; did you mean lab?
}

func ExampleConfig_Validate() {
	c := &config.Config{
		Auths:   map[string]*config.Auth{"lab": {Username: "monitor", Password: "secret", InsecureIgnoreHostKey: true}},
		Targets: []*config.Target{{Address: "192.0.2.1:56734", Auth: "lab"}},
	}
	if err := c.Validate(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Targets[0].Name, c.Targets[0].HostPort(), *c.Targets[0].MaxSamples)
	// Output: 192.0.2.1:56734 192.0.2.1:56734 500000
}
