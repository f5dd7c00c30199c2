package httpsd

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/netconf-exporter/netconf_exporter/config"
)

// readFile reads the last good list of a run before; nil if there is none that can be read.
func (m *Manager) readFile(key string) []config.SDGroup {
	data, err := os.ReadFile(m.file(key))
	if err != nil {
		return nil
	}
	list, err := parse(data)
	if err != nil {
		m.options.Logger.Warn("the file with an inventory's last list cannot be read", "file", m.file(key), "err", err)
		return nil
	}
	return list
}

// writeFile keeps a list for the next run. Without it the exporter works on, so that an error is told of and no more.
func (m *Manager) writeFile(key string, list []config.SDGroup) {
	data, err := json.Marshal(list)
	if err == nil {
		err = os.MkdirAll(m.options.Folder, 0o700)
	}
	part := m.file(key) + ".new"
	if err == nil {
		err = os.WriteFile(part, data, 0o600)
	}
	if err == nil {
		err = os.Rename(part, m.file(key))
	}
	if err != nil {
		m.options.Logger.Warn("the inventory's list cannot be kept for the next start; let the exporter's user write to --storage.path", "err", err)
	}
}

func (m *Manager) file(key string) string { return filepath.Join(m.options.Folder, key+".json") }
