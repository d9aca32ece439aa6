#!/bin/bash
# run_in_mage.sh PROJECT PIPELINE OUT: run the pipeline of a Mage project in the real mage-ai, on a copy of the project.
# OUT/report.json says what became of each block; OUT/run.log is what Mage said. Exit: 0 the pipeline ran, 1 it failed, 2 a crash.
# MODE=cli (default) is what `mage run --test` does; MODE=oneproc runs block by block as the scheduler does, in one process;
# MODE=trigger is a triggered run under the scheduler's own loop, a process for each block.
# RUNTIME_VARS='{"k": 1}' are the run's variables. Where `unshare` may make a network of its own, the run has no way out.
set -e
[ $# -eq 3 ] || { sed -n '2,7p' "$0"; exit 2; }
HERE=$(cd "$(dirname "$0")" && pwd)
PROJECT=$(realpath "$1"); PIPELINE=$2; mkdir -p "$3"; OUT=$(realpath "$3")
. "$HERE/env.sh"
[ -e "$PEER_HOME/ready" ] || { echo "mage-ai is not installed: run tests/mage_peer/install.sh"; exit 2; }
rm -rf "$OUT/project" "$OUT/data" "$OUT/report.json"; mkdir -p "$OUT/project" "$OUT/data"
COPY=$OUT/project/$(basename "$PROJECT"); cp -a "$PROJECT" "$COPY"
grep -q '^help_improve_mage: false' "$COPY/metadata.yaml" || { echo "the project does not switch telemetry off"; exit 2; }
ALONE=""
unshare --net true 2>/dev/null && ALONE="unshare --net"
cd "$OUT"
export MAGE_DATA_DIR=$OUT/data
$ALONE timeout "${TIMEOUT:-120}" python "$HERE/mage_check.py" "$COPY" "$PIPELINE" "$OUT/report.json" > "$OUT/run.log" 2>&1 || true
[ -f "$OUT/report.json" ] || { tail -25 "$OUT/run.log"; exit 2; }
python -c "import json, sys; sys.exit(not json.load(open('$OUT/report.json'))['ok'])"
