#!/bin/sh
# What the tests need of the system (a browser with fonts, strace, mkfs, databases, an SSH server, an Azure emulator), and the packages named;
# nothing where they are there already.
set -eu
needed="$*"
if [ -z "$needed" ]; then
  command -v chromium >/dev/null 2>&1 || needed="$needed chromium"
  command -v strace >/dev/null 2>&1 || needed="$needed strace"
  command -v mkfs.ext4 >/dev/null 2>&1 || needed="$needed e2fsprogs"
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || needed="$needed postgresql"
  PATH="$PATH:/usr/sbin" command -v mariadbd >/dev/null 2>&1 || needed="$needed mariadb-server"
  [ -x /usr/sbin/sshd ] || needed="$needed openssh-server"
  fc-list 2>/dev/null | grep -qi dejavu || needed="$needed fonts-dejavu-core fontconfig"
fi
tools="${XDG_CACHE_HOME:-$HOME/.cache}/jupyter_mage_tests"
if [ "$#" = 0 ] && [ ! -x "$tools/node_modules/.bin/azurite-blob" ]; then
  mkdir -p "$tools"
  npm install --prefix "$tools" --no-audit --no-fund --silent azurite@3
fi
[ -z "$needed" ] && exit 0
run=""
[ "$(id -u)" = 0 ] || run="sudo"
export DEBIAN_FRONTEND=noninteractive
$run apt-get update -qq
# shellcheck disable=SC2086
$run apt-get install -y -qq --no-install-recommends $needed >/dev/null
