package simulator

import (
	"golang.org/x/crypto/ssh"
	"gopkg.in/yaml.v3"
)

// ConfigYAML returns an exporter's configuration with all devices of the fleet as targets, under an auth of the given name.
// Labels differ between devices, so that queries can group by them. Over TLS and RESTCONF the certificate of the devices is trusted
// by Config.CAFile, or else not checked; that of one that calls home is known by its fingerprint then.
func (f *Fleet) ConfigYAML(authName string) ([]byte, error) {
	type auth struct {
		Username     string         `yaml:"username,omitempty"`
		Password     string         `yaml:"password,omitempty"`
		Fingerprints []string       `yaml:"host_key_fingerprints,omitempty,flow"`
		TLS          map[string]any `yaml:"tls_config,omitempty,flow"`
	}
	type target struct {
		Name    string            `yaml:"name"`
		Address string            `yaml:"address,omitempty"`
		Auth    string            `yaml:"auth"`
		Labels  map[string]string `yaml:"labels,flow"`
		// of a device that calls home
		CallHome     bool     `yaml:"call_home,omitempty"`
		Fingerprints []string `yaml:"host_key_fingerprints,omitempty,flow"`
		Certificates []string `yaml:"certificate_fingerprints,omitempty,flow"`
	}
	var file struct {
		Auths    map[string]auth   `yaml:"auths"`
		Defaults map[string]string `yaml:"defaults,omitempty,flow"`
		CallHome map[string]string `yaml:"call_home,omitempty,flow"`
		Targets  []target          `yaml:"targets"`
	}
	own := auth{Username: f.config.Username, Password: f.config.Password}
	if f.config.Transport == TransportSSH {
		own.Fingerprints = []string{ssh.FingerprintSHA256(f.hostKey.PublicKey())}
	} else {
		file.Defaults = map[string]string{"transport": f.config.Transport}
		switch {
		case f.config.CAFile != "":
			own.TLS = map[string]any{"ca_file": f.config.CAFile}
		case f.config.CallHome != "":
			own.TLS = map[string]any{}
		default:
			own.TLS = map[string]any{"insecure_skip_verify": true}
		}
		if f.config.Transport == TransportTLS {
			own.Username, own.Password = "", ""
			own.TLS["cert_file"], own.TLS["key_file"] = f.config.CertFile, f.config.KeyFile
		}
	}
	if f.config.CallHome != "" {
		file.CallHome = map[string]string{f.config.Transport + "_listen_address": f.config.CallHome}
	}
	file.Auths = map[string]auth{authName: own}
	sites, roles := []string{"ams", "fra", "lon"}, []string{"core", "edge", "access", "access"}
	for i, d := range f.devices {
		labels := map[string]string{"site": sites[i%len(sites)], "role": roles[i%len(roles)]}
		if f.config.Definitions != nil {
			if f.config.Definitions[i].Spare {
				continue
			}
			labels = f.config.Definitions[i].Labels
		}
		one := target{Name: d.Name, Address: d.Address(), Auth: authName, Labels: labels}
		if f.config.CallHome != "" {
			switch one.CallHome = true; {
			case f.config.Transport == TransportSSH:
				one.Fingerprints = []string{d.Fingerprint()}
			case f.config.CAFile == "":
				one.Certificates = []string{d.Fingerprint()}
			}
		}
		file.Targets = append(file.Targets, one)
	}
	return yaml.Marshal(file)
}
