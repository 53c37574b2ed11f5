#!/usr/bin/env bash
# The system packages that some tests need. Installed where that is allowed (root and apt); else one line
# says what to install. Never fails: the tests that need them skip with the reason (and fail under CI).
set -u

missing=()
command -v chromium >/dev/null 2>&1 || missing+=(chromium)
command -v redis-server >/dev/null 2>&1 || missing+=(redis-server)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "Some tests need: ${missing[*]}. Install them (on Debian, as root: apt-get install ${missing[*]}); until then these tests skip."
  exit 0
fi

echo "Installing ${missing[*]} with apt-get (once)…"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if apt-get update -q >"$log" 2>&1 && apt-get install -y -q --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
  rm -f "$log"
else
  tail -5 "$log"
  echo "apt-get could not install ${missing[*]}; the tests that need them skip. Its log: $log"
fi
exit 0
