package httpsd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/netconf-exporter/netconf_exporter/config"
)

const (
	maxList    = 16 << 20         // bytes of a list
	askTimeout = 30 * time.Second // of one request; less where the interval is shorter
)

// ask asks one inventory again and again until ctx ends. full says that the list of before has targets.
func (m *Manager) ask(ctx context.Context, asked *source, full bool) {
	sd := asked.config
	logger := m.options.Logger.With("url", sd.URL)
	client, err := sd.Client()
	if err != nil {
		m.fail(asked, err)
		logger.Error("the inventory cannot be asked", "err", err)
		return
	}
	defer client.CloseIdleConnections()
	believes, problem := belief{full: full}, ""
	tell := func(err error) { // the log, of a change alone
		m.fail(asked, err)
		text := ""
		if err != nil {
			text = err.Error()
		}
		switch {
		case text == problem:
		case text == "":
			logger.Info("the inventory gives a list again")
		default:
			logger.Warn("the targets of the inventory stay as they were", "err", text)
		}
		problem = text
	}
	ticker := time.NewTicker(sd.Interval())
	defer ticker.Stop()
	for {
		list, err := fetch(ctx, client, sd)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			tell(err)
		case believes.takes(list):
			tell(nil)
			m.take(sd.Key(), list)
		default:
			tell(errors.New("the list is empty; it is believed when it comes a second time"))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// fetch asks once.
func fetch(ctx context.Context, client *http.Client, sd *config.HTTPSD) ([]config.SDGroup, error) {
	ctx, cancel := context.WithTimeout(ctx, min(askTimeout, max(sd.Interval(), time.Second)))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, sd.URL, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "netconf_exporter")
	request.Header.Set("X-Prometheus-Refresh-Interval-Seconds", fmt.Sprintf("%g", sd.Interval().Seconds()))
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the inventory answers with status %s; check url and authorization, and the inventory's log", response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxList+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the inventory's answer broke off: %w", err)
	case len(data) > maxList:
		return nil, fmt.Errorf("the inventory's answer has more than %d MiB; ask for fewer devices, by the parameters of url", maxList>>20)
	}
	return parse(data)
}

// parse reads a list. null is none: an inventory with nothing to list says [].
func parse(data []byte) ([]config.SDGroup, error) {
	var list []config.SDGroup
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf(`the inventory's answer is not a list in the form of Prometheus' HTTP service discovery, [{"targets": [...], "labels": {...}}]: %w`, err)
	}
	if list == nil {
		return nil, fmt.Errorf("the inventory's answer is null and not a list; an empty list is []")
	}
	for _, group := range list {
		for _, target := range group.Targets {
			if strings.TrimSpace(target) == "" {
				return nil, fmt.Errorf("the inventory's answer has an empty target; correct it there")
			}
		}
	}
	return list, nil
}
