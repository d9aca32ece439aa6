#!/bin/bash
# Installs mage-ai 0.9.80 into a virtual environment of its own (186 packages, 1.4 GB, about five minutes). Once.
set -e
. "$(dirname "$0")/env.sh"
[ -e "$PEER_HOME/ready" ] && exit 0
env -u PYTHONWARNINGS python3 -m venv "$PEER_HOME/venv"
"$PEER_HOME/venv/bin/pip" install -q --disable-pip-version-check mage-ai==0.9.80 duckdb==1.4.3
touch "$PEER_HOME/ready"
