# The exporter alone, static and without root. Build with the repository as context:
#
#     docker build --build-arg VERSION=$(git describe --tags --always) --build-arg REVISION=$(git rev-parse HEAD) -t netconf_exporter .

# The compiler runs on the machine that builds, whatever the image is for.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
ARG REVISION=unknown
ARG TARGETOS
ARG TARGETARCH
RUN info=github.com/prometheus/common/version && \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags "-s -w -X $info.Version=$VERSION -X $info.Revision=$REVISION" -o /netconf_exporter .

# busybox is for the health check's wget, and for a look inside.
FROM busybox:1.37.0-musl
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="netconf_exporter" \
      org.opencontainers.image.description="Prometheus exporter for NETCONF devices" \
      org.opencontainers.image.source="https://github.com/netconf-exporter/netconf_exporter" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /netconf_exporter /bin/netconf_exporter
USER 65534:65534
EXPOSE 10830
# Devices that call home (RFC 8071), over SSH and over TLS. The exporter listens there where the configuration has call_home.
EXPOSE 4334 4335
HEALTHCHECK --interval=10s --timeout=3s CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:10830/-/healthy"]
ENTRYPOINT ["/bin/netconf_exporter"]
CMD ["--config.file=/etc/netconf_exporter/netconf.yml"]
