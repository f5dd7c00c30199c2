package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	common "github.com/prometheus/common/config"

	"github.com/netconf-exporter/netconf_exporter/internal/nearest"
)

// HTTPSD is an inventory that lists targets in the form of Prometheus' HTTP service discovery. What it lists is reached with one auth
// of the configuration, and only inside that auth's AllowedTargets: an inventory must not be able to have passwords sent anywhere.
type HTTPSD struct {
	URL             string    `yaml:"url"`
	RefreshInterval *Duration `yaml:"refresh_interval,omitempty"` // one minute if it is nil

	BasicAuth       *common.BasicAuth     `yaml:"basic_auth,omitempty"`
	Authorization   *common.Authorization `yaml:"authorization,omitempty"`
	TLSConfig       common.TLSConfig      `yaml:"tls_config,omitempty"`
	ProxyURL        ProxyURL              `yaml:"proxy_url,omitempty"`
	FollowRedirects *bool                 `yaml:"follow_redirects,omitempty"` // true if it is nil

	Auth         string            `yaml:"auth"`
	NameLabel    string            `yaml:"name_label,omitempty"`    // label that holds a target's name; without it, the target itself
	AddressLabel string            `yaml:"address_label,omitempty"` // label that holds its address; without it, the target itself
	Labels       map[string]string `yaml:"labels,omitempty,flow"`   // labels of the target, by the labels that they are taken from

	Position Position `yaml:"-"`
}

// Interval is how often the inventory is asked.
func (s *HTTPSD) Interval() time.Duration {
	if s.RefreshInterval == nil {
		return time.Minute
	}
	return time.Duration(*s.RefreshInterval)
}

// Key identifies the inventory, also across restarts.
func (s *HTTPSD) Key() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{s.URL, s.Auth, s.NameLabel, s.AddressLabel}, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// Client makes the HTTP client for the inventory. Files are read again when they change.
func (s *HTTPSD) Client() (*http.Client, error) {
	c := common.DefaultHTTPClientConfig
	c.BasicAuth, c.Authorization, c.TLSConfig = s.BasicAuth, s.Authorization, s.TLSConfig
	if s.FollowRedirects != nil {
		c.FollowRedirects = *s.FollowRedirects
	}
	if s.ProxyURL != "" {
		proxy, err := url.Parse(s.ProxyURL.Reveal())
		if err != nil {
			return nil, fmt.Errorf("proxy_url is not a URL")
		}
		c.ProxyURL = common.URL{URL: proxy}
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return common.NewClientFromConfig(c, "http_sd")
}

// resolve makes the paths of its files relative to the directory of the file that it stands in.
func (s *HTTPSD) resolve(dir string) {
	s.BasicAuth.SetDirectory(dir)
	s.Authorization.SetDirectory(dir)
	s.TLSConfig.SetDirectory(dir)
}

// httpSD checks one inventory.
func (v *validator) httpSD(s *HTTPSD) {
	at := v.source(s, s.Position)
	address, err := url.Parse(s.URL)
	switch {
	case err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https":
		v.add(at.at("url"), "http_sd_configs: url is not the address of a web page; write it as in https://netbox.example/api/plugins/prometheus-sd/devices/")
	case address.User != nil:
		v.add(at.at("url"), "http_sd_configs: url holds a user; put that under basic_auth")
	}
	if s.RefreshInterval != nil && s.Interval() < time.Second {
		v.add(at.at("refresh_interval"), "http_sd_configs: refresh_interval %s is too short; write a time such as 1m", *s.RefreshInterval)
	}
	auth := v.config.Auths[s.Auth]
	switch {
	case s.Auth == "":
		v.add(at.at(), "http_sd_configs: there is no auth; add auth: with %s", v.authNames())
	case auth == nil:
		v.add(at.at("auth"), "auth %q is not under auths%s", s.Auth, nearest.Hint(s.Auth, keys(v.config.Auths), "; write "+v.authNames()))
	case len(auth.AllowedTargets) == 0:
		v.add(at.at("auth"), "http_sd_configs: auth %q has no allowed_targets; name the networks there that the inventory may send its password to", s.Auth)
	}
	for label := range s.Labels {
		v.targetLabel(at.at("labels", label), label)
	}
	if _, err := s.Client(); err != nil {
		v.add(at.at(), "http_sd_configs: %v", err)
	}
}
