#!/bin/sh
# Debian says remove, RPM says 0; anything else is an upgrade.
set -e
case "${1:-}" in
  remove | 0) [ ! -d /run/systemd/system ] || systemctl disable --now netconf_exporter.service ;;
esac
