# What the README and .ci/run use; `make help` lists it.

GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.1.4
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
ACTIONLINT  := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
GORELEASER  := github.com/goreleaser/goreleaser/v2@v2.13.0

# The store of make scale, and how many devices it has.
VICTORIAMETRICS := v1.128.0
DEVICES         ?= 300

# Of the container image, and for which processors it is built.
IMAGE     ?= netconf_exporter
PLATFORMS ?= linux/amd64,linux/arm64

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
REVISION := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
BRANCH   := $(shell git rev-parse --abbrev-ref HEAD 2>/dev/null || echo unknown)
DATE     := $(shell git log -1 --format=%cI 2>/dev/null)

info    := github.com/prometheus/common/version
ldflags := -s -w -X $(info).Version=$(VERSION) -X $(info).Revision=$(REVISION) -X $(info).Branch=$(BRANCH) -X $(info).BuildDate=$(DATE)

# For how long make fuzz tries each of its targets, and make soak lasts.
SECONDS ?= 60
# How often make kills kills.
KILLS ?= 50

# The end-to-end tests time real servers, so they run alone and without the race detector.
units = $$(go list ./... | grep -v /internal/e2e)

.PHONY: help build test deps unit kubernetes e2e packages release image lint vuln fmt bench fuzz soak scale kills demo docs clean

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

build: ## the binary, ./netconf_exporter, with nothing linked in from the machine
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(ldflags)' -o netconf_exporter .

test: deps build lint packages unit kubernetes e2e ## everything: installs what it needs (Debian, root), builds, checks and tests

deps: ## what the tests need, such as netconfd and Prometheus
	internal/e2e/install.sh

unit: ## the tests of the packages, with the race detector; and the random schedules, of which there are more without it
	go test -race $(units)
	go test ./internal/schedule

kubernetes: ## examples/kubernetes against the official types, in a module of its own
	cd internal/kubernetes && go vet . && go test .

e2e: ## the binary against netconfd, Prometheus and simulated devices
	go test -count=1 -v -timeout 30m ./internal/e2e

packages: ## dist/: archive, .deb and .rpm for this machine, as a release has them
	go run $(GORELEASER) check --quiet
	ONLY=$$(go env GOARCH) go run $(GORELEASER) release --snapshot --clean --skip=sbom

release: ## dist/ for all machines, published on GitHub as a draft; needs a tag, GITHUB_TOKEN and syft
	go run $(GORELEASER) release --clean

image: ## the container image for PLATFORMS, with its bill of materials and provenance; PUSH=--push publishes it
	docker buildx build --platform $(PLATFORMS) --provenance=mode=max --sbom=true $(PUSH) \
		--build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) --tag $(IMAGE):$(VERSION) .

lint: ## gofmt, go vet and staticcheck, and the workflows
	@files=$$(gofmt -l .); test -z "$$files" || { echo "not formatted, run make fmt:" $$files; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	go run $(ACTIONLINT) -shellcheck= -pyflakes=

vuln: ## known vulnerabilities in what the program uses; needs the Internet (vuln.go.dev), hence not part of lint
	go run $(GOVULNCHECK) ./...

fmt: ## formats the code
	gofmt -w .

bench: ## the table of docs/performance.md, measured anew in about eight minutes (Debian, root, nothing else running)
	internal/e2e/install.sh iproute2 snmpd prometheus-snmp-exporter python3-ncclient python3-prometheus-client
	go run ./internal/bench -write docs/performance.md

fuzz: ## any bytes at all that read what devices and people send, SECONDS=60 at each
	@set -e; for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$target of $$package"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(SECONDS)s -fuzzminimizetime 20x $$package; \
		done; \
	done

soak: ## 500 simulated devices over all transports, with faults at random, scraped each second, for SECONDS=60
	NETCONF_SOAK=$(SECONDS)s go test -count=1 -v -timeout 0 -run '^TestSoak$$' ./internal/e2e

scale: ## examples/scale with DEVICES=300 simulated devices: what each part costs; installs VictoriaMetrics, in a few minutes
	GOBIN=$(CURDIR)/dist/bin go install github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics@$(VICTORIAMETRICS)
	GOBIN=$(CURDIR)/dist/bin go install github.com/VictoriaMetrics/VictoriaMetrics/app/vmalert@$(VICTORIAMETRICS)
	PATH=$(CURDIR)/dist/bin:$$PATH NETCONF_SCALE=$(DEVICES) go test -count=1 -v -timeout 30m -run '^TestScale$$' ./internal/e2e

kills: ## kill -9 at random amid 200 additions of devices, KILLS=50 times
	NETCONF_KILLS=$(KILLS) go test -count=1 -v -timeout 0 -run '^TestKilledWhileDevicesAreAdded$$' ./internal/e2e

demo: build ## a simulated network and the exporter on localhost:10830, nothing to configure; one device to add
	./netconf_exporter demo

docs: ## the generated documents
	go generate ./...
	cd internal/kubernetes && go test . -update

clean:
	rm -rf netconf_exporter dist
