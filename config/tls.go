package config

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// TLSConfig is the TLS configuration for devices, with the keys of Prometheus' tls_config. The zero value trusts the authorities that
// the system trusts.
type TLSConfig struct {
	CAFile             string     `yaml:"ca_file,omitempty"`     // authorities to trust in place of the system's, or devices' own certificates
	CertFile           string     `yaml:"cert_file,omitempty"`   // our certificate, with those between it and the authority
	KeyFile            string     `yaml:"key_file,omitempty"`    // its private key
	ServerName         string     `yaml:"server_name,omitempty"` // name in the device's certificate; "": the target's address
	InsecureSkipVerify bool       `yaml:"insecure_skip_verify,omitempty"`
	MinVersion         TLSVersion `yaml:"min_version,omitempty"` // "": TLS12
	MaxVersion         TLSVersion `yaml:"max_version,omitempty"` // "": the newest
}

// TLSVersion is a version of TLS, such as TLS12.
type TLSVersion string

// number is the version as crypto/tls has it: 0 for "".
func (v TLSVersion) number() (uint16, bool) {
	number, known := map[TLSVersion]uint16{
		"": 0, "TLS10": tls.VersionTLS10, "TLS11": tls.VersionTLS11, "TLS12": tls.VersionTLS12, "TLS13": tls.VersionTLS13,
	}[v]
	return number, known
}

func (c *TLSConfig) resolve(dir string) {
	if c == nil {
		return
	}
	for _, path := range []*string{&c.CAFile, &c.CertFile, &c.KeyFile} {
		*path = inDir(dir, *path)
	}
}

// TLS reads the auth's tls_config and its files, so that the next login uses a renewed certificate. ServerName is the one of the auth, which may
// be "". It returns nil if the auth has no tls_config.
func (k *Keyring) TLS(a *Auth) (*tls.Config, error) {
	c := a.TLSConfig
	if c == nil {
		return nil, nil
	}
	if k == nil {
		k = new(Keyring)
	}
	made := &tls.Config{ServerName: c.ServerName, InsecureSkipVerify: c.InsecureSkipVerify, Renegotiation: tls.RenegotiateNever}
	made.MinVersion, _ = c.MinVersion.number()
	made.MaxVersion, _ = c.MaxVersion.number()
	if c.CAFile != "" {
		roots, err := k.readAuthorities(c.CAFile)
		if err != nil {
			return nil, err
		}
		made.RootCAs = roots
	}
	if c.CertFile != "" {
		own, err := k.readCertificate(a)
		if err != nil {
			return nil, err
		}
		made.Certificates = []tls.Certificate{*own}
	}
	return made, nil
}

func (k *Keyring) readAuthorities(file string) (*x509.CertPool, error) {
	data, err := k.reader().read(file)
	if err != nil {
		return nil, fmt.Errorf("ca_file %w", fileError(file, err))
	}
	roots, err := k.authorities.of(func() (*x509.CertPool, error) {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(data) {
			return nil, errors.New("holds no certificate that can be read; write certificates in PEM form into it")
		}
		return roots, nil
	}, data)
	if err != nil {
		return nil, fmt.Errorf("ca_file %s %w", file, err)
	}
	return roots, nil
}

// readCertificate reads our certificate and its key.
func (k *Keyring) readCertificate(a *Auth) (*tls.Certificate, error) {
	c := a.TLSConfig
	certificates, err := k.reader().read(c.CertFile)
	if err != nil {
		return nil, fmt.Errorf("cert_file %w", fileError(c.CertFile, err))
	}
	key, err := k.reader().read(c.KeyFile)
	if err != nil {
		return nil, a.secretFileError("key_file", c.KeyFile, err)
	}
	own, err := k.certificates.of(func() (*tls.Certificate, error) {
		own, err := tls.X509KeyPair(certificates, key)
		return &own, err
	}, certificates, key)
	block, _ := pem.Decode(key)
	first, _ := pem.Decode(certificates)
	switch {
	case err == nil:
		return own, nil
	case first == nil || first.Type != "CERTIFICATE":
		return nil, fmt.Errorf("cert_file %s holds no certificate that can be read; write our certificate in PEM form into it, and after it those between it and the authority", c.CertFile)
	case block == nil:
		return nil, fmt.Errorf("key_file %s holds no private key that can be read; write it in PEM form", c.KeyFile)
	case bytes.Contains(key, []byte("ENCRYPTED")):
		return nil, fmt.Errorf("key_file %s is protected by a passphrase; write it without one, readable by the exporter's user alone (openssl pkey -in KEY -out NEW)", c.KeyFile)
	case errors.As(err, new(x509.CertificateInvalidError)):
		return nil, fmt.Errorf("cert_file %s is not valid: %w", c.CertFile, err)
	}
	return nil, fmt.Errorf("cert_file %s and key_file %s are no pair that can be used; give the certificate of this very key", c.CertFile, c.KeyFile)
}

// tlsConfig checks what an auth says of TLS.
func (v *validator) tlsConfig(name string, a *Auth) {
	c := a.TLSConfig
	at := v.source(a, a.Position)
	switch {
	case c.CertFile == "" && c.KeyFile != "":
		v.add(at.at("tls_config", "key_file"), "auth %q has a key_file without a cert_file; add the certificate that belongs to the key", name)
		return
	case c.CertFile != "" && c.KeyFile == "":
		v.add(at.at("tls_config", "cert_file"), "auth %q has a cert_file without a key_file; add the private key that belongs to the certificate", name)
		return
	case c.InsecureSkipVerify && c.CAFile != "":
		v.add(at.at("tls_config", "insecure_skip_verify"), "auth %q has ca_file and insecure_skip_verify; keep one of them", name)
	case c.InsecureSkipVerify && c.ServerName != "":
		v.add(at.at("tls_config", "server_name"), "auth %q has server_name, and with insecure_skip_verify no name is checked; keep one of them", name)
	}
	least, known := c.MinVersion.number()
	most, known2 := c.MaxVersion.number()
	switch {
	case !known:
		v.add(at.at("tls_config", "min_version"), "min_version is not a version of TLS; write TLS12 or TLS13")
	case !known2:
		v.add(at.at("tls_config", "max_version"), "max_version is not a version of TLS; write TLS12 or TLS13")
	case most != 0 && least > most, most != 0 && least == 0 && most < tls.VersionTLS12:
		v.add(at.at("tls_config", "max_version"), "auth %q allows no version of TLS: max_version is lower than min_version, which is TLS12 where it is left out; change one of them", name)
	}
	if _, err := v.keys.TLS(a); err != nil {
		v.add(at.at("tls_config"), "%v", err)
	}
}
