#!/usr/bin/env bash
# test.sh: the whole test, everything required. On Debian as root it installs what is
# missing (Dovecot, Chromium, Python); elsewhere it names it and stops.
# "go test ./..." alone runs what a bare machine can and says what it skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

need=()
command -v dovecot >/dev/null || [ -x /usr/sbin/dovecot ] || need+=(dovecot-core dovecot-imapd dovecot-submissiond dovecot-lmtpd dovecot-sieve)
command -v chromium >/dev/null || need+=(chromium fonts-noto-core fonts-noto-cjk)
command -v python3 >/dev/null || need+=(python3)
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
export GODWIT_REQUIRE=dovecot,chromium,python
corpus=${GODWIT_CORPUS:-../shared/corpus}
if [ -d "$corpus" ]; then
  GODWIT_REQUIRE+=,corpus
  GODWIT_CORPUS=$(cd "$corpus" && pwd)
  export GODWIT_CORPUS
fi

echo "generated templates are those of the sources"
go tool templ generate ./templates >/dev/null
if ! git diff --quiet -- 'templates/*_templ.go' 2>/dev/null; then
  git diff --stat -- 'templates/*_templ.go'
  echo "run: go tool templ generate ./templates" >&2
  exit 1
fi
unformatted=$(git ls-files '*.go' | grep -v '_templ\.go$' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "not gofmt'ed: $unformatted" >&2; exit 1; }
echo "vet, staticcheck"
go vet ./...
go tool staticcheck ./...

echo "tests"
go test -race -shuffle=on -timeout 25m ./...
