#!/bin/sh
# The system packages that the tests need (a browser with fonts, strace, mkfs, databases), and those named; nothing where they are there already.
set -eu
needed="$*"
if [ -z "$needed" ]; then
  command -v chromium >/dev/null 2>&1 || needed="$needed chromium"
  command -v strace >/dev/null 2>&1 || needed="$needed strace"
  command -v mkfs.ext4 >/dev/null 2>&1 || needed="$needed e2fsprogs"
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || needed="$needed postgresql"
  PATH="$PATH:/usr/sbin" command -v mariadbd >/dev/null 2>&1 || needed="$needed mariadb-server"
  fc-list 2>/dev/null | grep -qi dejavu || needed="$needed fonts-dejavu-core fontconfig"
fi
[ -z "$needed" ] && exit 0
run=""
[ "$(id -u)" = 0 ] || run="sudo"
export DEBIAN_FRONTEND=noninteractive
$run apt-get update -qq
# shellcheck disable=SC2086
$run apt-get install -y -qq --no-install-recommends $needed >/dev/null
