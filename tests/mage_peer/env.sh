# Source me: a quiet environment for the real mage-ai, kept apart from everything else.
export PEER_HOME=${PEER_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/mage_peer}
mkdir -p "$PEER_HOME/home"
export PATH=$PEER_HOME/venv/bin:$PATH
export HOME=$PEER_HOME/home               # its data folder stays out of the real home
export GE_USAGE_STATS=FALSE
unset ENABLE_NEW_RELIC NEW_RELIC_CONFIG_PATH SENTRY_DSN   # any value, even 0, switches it on
unset VIRTUAL_ENV PYTHONPATH
export ENABLE_OPEN_AI=0 ENABLE_HUGGING_FACE=0 REQUIRE_USER_AUTHENTICATION=0 DISABLE_AUTO_BROWSER_OPEN=1 PYTHONWARNINGS=ignore
