#!/usr/bin/env bash
# Installs what the tests need, on Debian and as root; elsewhere it says what is missing, and fails where CI is set.
set -euo pipefail

packages=(
  netconfd netconfd-module-ietf-interfaces netconfd-module-ietf-system yangcli # the reference device and its client
  openssh-server openssh-client stunnel4                                      # what stands in front of it
  prometheus prometheus-alertmanager                                          # what scrapes, checks and alerts
  docker-compose                                                              # checks docker-compose.yml
  chromium                                                                    # looks at the page
  gcc libc6-dev                                                               # Go's race detector
)
packages+=("$@") # what the caller needs beside that

installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package in "${packages[@]}"; do
  installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed: ${missing[*]} (Debian's names). Tests that need them are skipped." >&2
  echo "As root on Debian, internal/e2e/install.sh installs them." >&2
  [ -z "${CI:-}" ] || exit 1
  exit 0
fi

# The tests start servers of their own: keep the packages from starting theirs.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi

echo "Installing ${missing[*]}"
install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -o DPkg::Lock::Timeout=120 --yes --quiet --no-install-recommends "${missing[@]}"
}
# Without package lists, or with lists that have grown old, the first attempt fails.
install || { apt-get update --quiet && install; }
