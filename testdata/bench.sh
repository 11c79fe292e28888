#!/usr/bin/env bash
# bench.sh: the true program beside the raw-IMAP floor, printed as figure, floor, ratio and bar. On Debian as root it
# installs what is missing (Dovecot, Chromium). The first run stores 7 GB of mail, in half a minute to a few minutes; later
# runs find it again.
#   BENCH_SCALE=0.01      a quick try: a hundredth of the mail
#   GODWIT_BENCH_DIR=dir  where the mail is kept (default: godwit-bench in the system's folder for temporary files)
#   bench.sh Reading      only the benchmarks that match: Reading, Attachment, Download, Idle, Fifty, Chromium
set -euo pipefail
cd "$(dirname "$0")/.."

need=()
command -v dovecot >/dev/null || [ -x /usr/sbin/dovecot ] || need+=(dovecot-core dovecot-imapd)
command -v chromium >/dev/null || need+=(chromium fonts-noto-core fonts-noto-cjk)
if [ ${#need[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "missing: ${need[*]}; install them, or run this as root on Debian" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  # Nothing that is installed here may start a service of its own.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  echo "installing ${need[*]}"
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi
export PATH="$PATH:/usr/sbin:/sbin"
export GODWIT_REQUIRE=dovecot,chromium
ulimit -n "$(ulimit -Hn)" # 500 people and their connections

# Built before, so that the compiler does not run ahead of others; then ahead of them, where that is allowed.
go test -run '^$' ./cmd/godwit/bench >/dev/null
first=()
nice -n -15 true 2>/dev/null && first=(nice -n -15)
"${first[@]}" go test -run '^$' -bench "${1:-.}" -benchtime 3s -timeout 30m ./cmd/godwit/bench
