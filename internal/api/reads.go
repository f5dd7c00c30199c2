package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"

	"github.com/netconf-exporter/netconf_exporter/collector"
	"github.com/netconf-exporter/netconf_exporter/internal/facts"
)

// Reading asks a target as a scrape does.
type Reading struct {
	Name    string `path:"name" maxLength:"1000" doc:"Name of the target."`
	MaxAge  string `query:"max_age" maxLength:"20" doc:"Accept a result that is no older, such as 30s; the default is the target's max_age."`
	Timeout string `query:"timeout" maxLength:"20" doc:"How long to wait for the device, such as 10s; the default is the target's timeout."`
}

// ReadInfo says when a device gave what is shown.
type ReadInfo struct {
	Target   string     `json:"target"`
	LastRead *time.Time `json:"last_read,omitempty" doc:"When the last read ended."`
	Error    string     `json:"error,omitempty" doc:"What could not be read, and why."`
}

// Interfaces are those of a target.
type Interfaces struct {
	ReadInfo
	Interfaces []facts.Interface `json:"interfaces"`
}

// Neighbors are those of a target.
type Neighbors struct {
	ReadInfo
	Neighbors []facts.Neighbor `json:"neighbors"`
}

// Hardware is that of a target.
type Hardware struct {
	ReadInfo
	Components []facts.Component `json:"components"`
}

// BGP are the BGP sessions of a target.
type BGP struct {
	ReadInfo
	Neighbors []facts.BGPNeighbor `json:"neighbors"`
}

func (a *API) registerReads(api huma.API) {
	failures := []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	huma.Register(api, operation("GET", "/targets/{name}/interfaces", "The interfaces of a target", failures...),
		func(ctx context.Context, in *struct {
			Reading
			Interface string `query:"name" maxLength:"1000" doc:"Only the interface of this name."`
		}) (*body[Interfaces], error) {
			info, families, words, err := a.read(ctx, in.Reading)
			if err != nil {
				return nil, err
			}
			found := words.Interfaces(families)
			if target, ok := a.Exporter.Target(info.Target); ok {
				a.Observer.Interfaces(target, found)
			}
			if in.Interface != "" {
				found = slices.DeleteFunc(found, func(i facts.Interface) bool { return i.Name != in.Interface })
			}
			return &body[Interfaces]{Interfaces{info, found}}, nil
		})
	huma.Register(api, operation("GET", "/targets/{name}/neighbors", "The neighbours of a target, by LLDP", failures...),
		func(ctx context.Context, in *Reading) (*body[Neighbors], error) {
			info, families, _, err := a.read(ctx, *in)
			if err != nil {
				return nil, err
			}
			found := facts.Neighbors(families)
			a.Observer.Neighbors(found)
			return &body[Neighbors]{Neighbors{info, found}}, nil
		})
	huma.Register(api, operation("GET", "/targets/{name}/hardware", "The parts of a target's hardware, and their sensors", failures...),
		func(ctx context.Context, in *Reading) (*body[Hardware], error) {
			info, families, words, err := a.read(ctx, *in)
			if err != nil {
				return nil, err
			}
			return &body[Hardware]{Hardware{info, words.Hardware(families)}}, nil
		})
	huma.Register(api, operation("GET", "/targets/{name}/bgp", "The BGP sessions of a target", failures...),
		func(ctx context.Context, in *Reading) (*body[BGP], error) {
			info, families, words, err := a.read(ctx, *in)
			if err != nil {
				return nil, err
			}
			return &body[BGP]{BGP{info, words.BGP(families)}}, nil
		})
}

// read reads a target as a scrape does, or takes a recent result.
func (a *API) read(ctx context.Context, in Reading) (info ReadInfo, families []*dto.MetricFamily, words facts.Words, err error) {
	fail := func(err error) (ReadInfo, []*dto.MetricFamily, facts.Words, error) { return ReadInfo{}, nil, nil, err }
	target, err := a.target(in.Name)
	if err != nil {
		return fail(err)
	}
	timeout, err := duration("timeout", in.Timeout, time.Duration(*target.Config().Timeout))
	if err != nil {
		return fail(err)
	}
	maxAge, err := duration("max_age", in.MaxAge, 0)
	if err != nil {
		return fail(err)
	}
	definitions, err := a.Exporter.Config().Definitions()
	if err != nil {
		return fail(err)
	}
	status := target.Status()
	if in.MaxAge != "" && status.State == collector.StateUp && time.Since(status.LastRead) <= maxAge {
		families = target.Peek(func(string) bool { return true })
	} else {
		select {
		case a.reads <- struct{}{}:
			defer func() { <-a.reads }()
		default:
			return fail(huma.Error503ServiceUnavailable("as many requests as are allowed wait for devices; try again soon, or give max_age"))
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		scrape := target.Scrape(ctx, nil)
		if !scrape.Up {
			if scrape.Reason == collector.ReasonTimeout {
				return fail(huma.Error504GatewayTimeout(scrape.Err.Error()))
			}
			return fail(huma.Error502BadGateway(scrape.Err.Error()))
		}
		families, status = scrape.Families, target.Status()
	}
	info = ReadInfo{Target: target.Name(), Error: status.Err}
	if !status.LastRead.IsZero() {
		info.LastRead = new(status.LastRead.UTC().Truncate(time.Millisecond))
	}
	return info, families, facts.NewWords(definitions), nil
}

// duration reads a time such as 30s, or a number of seconds.
func duration(name, text string, otherwise time.Duration) (time.Duration, error) {
	if text == "" {
		return otherwise, nil
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second)), nil
	}
	d, err := model.ParseDuration(text)
	if err != nil {
		return 0, huma.Error422UnprocessableEntity(name + " is not a time; write a number with its unit, such as 10s or 2m")
	}
	return time.Duration(d), nil
}
