#!/bin/bash
# Virtual environments for the peers, one each, kept outside the repository: all of them, or those named.
#   bench/install.sh [joblib hamilton hamilton_notebook ipyflow kedro kedro_viz dask luigi dagster pytask ploomber prefect mage_ai]
# Running it again installs only what is not there. Versions are pinned, so that figures from two days can be compared.
set -u
root=${BENCH_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/jupyter_mage_bench}
python=${PYTHON:-python3}
wanted=" $* "
failed=0

peer() {
  local name=$1
  shift
  [ "$wanted" = "  " ] || [[ $wanted == *" $name "* ]] || return 0
  if [ "$(cat "$root/$name/pinned" 2>/dev/null)" = "$*" ]; then
    echo "$name: there"
    return 0
  fi
  rm -rf "${root:?}/$name"
  if "$python" -m venv "$root/$name" && "$root/$name/bin/pip" install --quiet --disable-pip-version-check "$@"; then
    echo "$*" > "$root/$name/pinned"
    echo "$name: installed"
  else
    echo "$name: could not be installed" >&2
    failed=1
  fi
}

mkdir -p "$root"
peer joblib joblib==1.6.0 pandas==3.1.1 pyarrow==26.0.1
peer hamilton sf-hamilton==1.90.0 pandas==3.1.1 pyarrow==26.0.1 networkx
peer hamilton_notebook sf-hamilton==1.90.0 ipython==9.18.1   # its notebook magic
peer ipyflow ipyflow==0.0.231 ipython==9.18.1
peer kedro kedro==1.7.0 kedro-datasets==9.6.0 pandas==3.1.1 pyarrow==26.0.1
peer kedro_viz kedro-viz==12.5.0 kedro==1.7.0
peer dask "dask[distributed]==2026.8.0" pandas==3.1.1 pyarrow==26.0.1
peer luigi luigi==3.8.1
peer dagster dagster==1.13.29 pandas==3.1.1 pyarrow==26.0.1
peer pytask pytask==0.6.0
peer ploomber ploomber==0.23.3
peer prefect prefect==3.8.8 "fastapi<0.150"   # newer FastAPI breaks this Prefect
peer mage_ai mage-ai==0.9.80   # 1.4 GB
exit $failed
