// Package config is the exporter's configuration: its types, defaults, strict loading and validation, and its secrets.
package config

// Config is one configuration: all files merged. Load and Parse return a complete and valid one; one that is made in Go has to
// be completed by Validate. After that it is not changed any more, and may be used by any number of goroutines.
type Config struct {
	Auths       map[string]*Auth     `yaml:"auths,omitempty"`
	JumpHosts   map[string]*JumpHost `yaml:"jump_hosts,omitempty"`
	CallHome    CallHome             `yaml:"call_home,omitempty"`
	Defaults    Defaults             `yaml:"defaults,omitempty"`
	Targets     []*Target            `yaml:"targets,omitempty"`
	TargetFiles []string             `yaml:"target_files,omitempty,flow"`
	// HTTPSDConfigs are inventories that list more targets.
	HTTPSDConfigs []*HTTPSD          `yaml:"http_sd_configs,omitempty"`
	Admin         Admin              `yaml:"admin,omitempty"`
	Modules       map[string]*Module `yaml:"modules,omitempty"`
	Catalog       map[string]*Metric `yaml:"catalog,omitempty"`

	// Warnings are findings that are likely to be mistakes, but may be intended.
	Warnings []*Error `yaml:"-"`

	// FileErrors has each file of target_files with its error, nil for a good file. A bad file keeps the targets that it had when the
	// same Files last loaded it without an error, or has none.
	FileErrors map[string]error `yaml:"-"`
}

// Admin bounds what may be added while the exporter runs.
type Admin struct {
	// AllowedTargets are the networks in which targets may be added with credentials of their own, as CIDR prefixes. An auth of
	// the configuration has its own list.
	AllowedTargets []string `yaml:"allowed_targets,omitempty,flow"`
}

// JumpHost is an SSH server that forwards connections to targets.
type JumpHost struct {
	Address     string `yaml:"address"` // as that of a target; port 22 where it names none
	Auth        string `yaml:"auth"`
	ProxyJump   string `yaml:"proxy_jump,omitempty"`   // the jump host on the way to this one
	MaxChannels int    `yaml:"max_channels,omitempty"` // sessions at a time through it; 0: no limit

	Position Position `yaml:"-" json:"-"`
}

// Defaults are what holds for all targets.
type Defaults struct {
	Settings          `yaml:",inline"`
	DescriptionLabels *DescriptionLabels `yaml:"description_labels,omitempty"` // for all targets alike; nil: none
}

// Settings are what a target may set for itself and Defaults sets for all. In a valid Config none is nil.
type Settings struct {
	Transport *Transport `yaml:"transport,omitempty"`
	Port      *int       `yaml:"port,omitempty"`    // TCP port where an address names none
	Timeout   *Duration  `yaml:"timeout,omitempty"` // of one read of the device
	MaxAge    *Duration  `yaml:"max_age,omitempty"` // a read younger than this is served again
	Modules   []string   `yaml:"-"`                 // module names, or auto; in a file, those of ModuleSettings
	// ModuleSettings are Modules with what differs for each. One of the two may be nil: Validate completes it.
	ModuleSettings []ModuleSetting `yaml:"modules,omitempty,flow"`
	Filters        []Filter        `yaml:"filters,omitempty"`         // of rows; those of a target take the place of the defaults'
	MaxReplyBytes  *Bytes          `yaml:"max_reply_bytes,omitempty"` // bound of one reply
	MaxSamples     *int            `yaml:"max_samples,omitempty"`     // bound of the samples of one read
	ProxyJump      *string         `yaml:"proxy_jump,omitempty"`      // name of a jump host; "": none
	ProxyURL       *ProxyURL       `yaml:"proxy_url,omitempty"`       // "": none. Of a target with jump hosts, it is on the way to the first of them
}

// Target is one device.
type Target struct {
	Name     string `yaml:"name"`
	Address  string `yaml:"address,omitempty"` // host, host:port or [v6]:port as written; HostPort is what is dialled
	Auth     string `yaml:"auth"`
	CallHome bool   `yaml:"call_home,omitempty"` // the device opens the connection (RFC 8071); it has no address
	Settings `yaml:",inline"`
	Labels   map[string]string `yaml:"labels,omitempty,flow"`

	// HostKeyFingerprints, if not empty, are the only host keys to trust, in place of what the auth trusts.
	HostKeyFingerprints []string `yaml:"host_key_fingerprints,omitempty"`
	// CertificateFingerprints, where there are any, are the only certificates to trust over transports tls and restconf, whatever their names,
	// their issuer and their dates are, in place of what the auth trusts.
	CertificateFingerprints []string `yaml:"certificate_fingerprints,omitempty"`

	Origin   Origin   `yaml:"-"`
	Position Position `yaml:"-"`
}

// Auth is how to log in to devices and how to verify their identity.
type Auth struct {
	Username                 string     `yaml:"username,omitempty"`
	Password                 Secret     `yaml:"password,omitempty"`
	PasswordFile             string     `yaml:"password_file,omitempty"`
	PasswordEnv              string     `yaml:"password_env,omitempty"`
	PasswordCommand          Command    `yaml:"password_command,omitempty,flow"` // prints the password
	PrivateKeyFile           string     `yaml:"private_key_file,omitempty"`
	PrivateKeyPassphraseFile string     `yaml:"private_key_passphrase_file,omitempty"`
	KnownHostsFile           string     `yaml:"known_hosts_file,omitempty"`
	HostKeyFingerprints      []string   `yaml:"host_key_fingerprints,omitempty"`
	InsecureIgnoreHostKey    bool       `yaml:"insecure_ignore_host_key,omitempty"`
	LegacyAlgorithms         bool       `yaml:"legacy_algorithms,omitempty"`
	TLSConfig                *TLSConfig `yaml:"tls_config,omitempty"`           // of transports tls and restconf; nil: the auth is for ssh alone
	AllowedTargets           []string   `yaml:"allowed_targets,omitempty,flow"` // CIDR prefixes

	Stored bool `yaml:"-"` // it belongs to a stored target alone, and AllowedTargets are those of admin

	Position Position `yaml:"-"`
}
