#!/usr/bin/env bash
# test.sh: the whole test, everything required. On Debian as root it installs what is missing (Dovecot, Chromium, Python);
# elsewhere it names it and stops. Further words go to "go test": bash testdata/test.sh -run Corpus
# "go test ./..." alone runs what a bare machine can.
set -euo pipefail
cd "$(dirname "$0")/.."

need=()
command -v dovecot >/dev/null || [ -x /usr/sbin/dovecot ] || need+=(dovecot-core dovecot-imapd)
command -v chromium >/dev/null || need+=(chromium fonts-noto-core fonts-noto-cjk)
command -v python3 >/dev/null || need+=(python3)
# The race detector needs a C compiler.
command -v "${CC:-gcc}" >/dev/null || need+=(gcc libc6-dev)
command -v git >/dev/null || need+=(git)
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
command -v go >/dev/null || { echo "missing: Go 1.26 or later" >&2; exit 1; }
export PATH="$PATH:/usr/sbin:/sbin"
export GODWIT_REQUIRE=dovecot,chromium,python
corpus=${GODWIT_CORPUS:-../shared/corpus}
if [ -d "$corpus" ]; then
  GODWIT_REQUIRE+=,corpus
  GODWIT_CORPUS=$(cd "$corpus" && pwd)
  export GODWIT_CORPUS
else
  echo "skipped: the corpus of real mail is not at $corpus"
fi

echo "the templates' Go is that of their sources"
go tool templ generate >/dev/null 2>&1 || { go tool templ generate; exit 1; }
# The names of files in it depend on the folder that it was generated from.
if git diff -I 'FileName: `' -- 'templates/*_templ.go' | grep '^[-+@]'; then
  echo "run: go tool templ generate" >&2
  exit 1
fi
unformatted=$(git ls-files '*.go' | grep -v '_templ\.go$' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "not gofmt'ed: $unformatted" >&2; exit 1; }
echo "vet, staticcheck"
go vet ./...
go tool staticcheck ./...

echo "tests"
# A package that passed prints one line, and what it skipped; one that failed, all it said.
go test -race -shuffle=on -timeout 25m -v "$@" ./... 2>&1 | awk '
  /^=== / || /^ *--- PASS/ || /^PASS$/ { next }
  /^ok  \t/ || /^\?/ { print; printf "%s", skips; buffer = skips = ""; fflush(); next }
  /^FAIL\t/ { printf "%s", buffer; print; buffer = skips = ""; fflush(); next }
  /^ *--- SKIP/ { skips = skips "  " $0 "  " last "\n" }
  { last = $0; sub(/^ +/, "", last); buffer = buffer $0 "\n" }
  END { printf "%s", buffer }'
