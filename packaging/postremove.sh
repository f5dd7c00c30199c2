#!/bin/sh
# The account and what it stored go when Debian purges, and never with RPM.
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
if [ "${1:-}" = purge ]; then
  rm -rf /var/lib/netconf_exporter
  ! getent passwd netconf_exporter >/dev/null || userdel netconf_exporter
  ! getent group netconf_exporter >/dev/null || groupdel netconf_exporter
fi
