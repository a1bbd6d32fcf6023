#!/usr/bin/env bash
# For tests of the command line, sourced after tap.sh: starts tests/cli/server.py, a LiteLLM that takes writes
# and holds nothing. Sets URL and the key that it takes; the program is not to think that it runs in CI.
"$PYTHON" "$ROOT/tests/cli/server.py" "$SCRATCH" &
server=$!
trap 'kill $server 2> /dev/null; tap_leave' EXIT
for _ in $(seq 100); do [ -s "$SCRATCH/url" ] && break; sleep 0.05; done
[ -s "$SCRATCH/url" ] || skip_all 'the server did not start'
URL=$(cat "$SCRATCH/url")
export URL LITELLM_MASTER_KEY=sk-right
unset CI
