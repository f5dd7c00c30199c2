#!/bin/sh
# The account must be there before the files that belong to it.
set -e
getent group netconf_exporter >/dev/null || groupadd --system netconf_exporter
getent passwd netconf_exporter >/dev/null || useradd --system --gid netconf_exporter --no-create-home \
  --home-dir /var/lib/netconf_exporter --shell /usr/sbin/nologin --comment "netconf_exporter" netconf_exporter
