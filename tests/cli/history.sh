#!/usr/bin/env bash
# history: who wrote the state when, and what one run changed; the server holds nothing.
. "$(dirname "$0")/../lib/tap.sh"

"$PYTHON" "$ROOT/tests/cli/server.py" "$SCRATCH" &
server=$!
trap 'kill $server 2> /dev/null; tap_leave' EXIT
for _ in $(seq 100); do [ -s "$SCRATCH/url" ] && break; sleep 0.05; done
[ -s "$SCRATCH/url" ] || skip_all 'the server did not start'
URL=$(cat "$SCRATCH/url")
export URL LITELLM_MASTER_KEY=sk-right
unset CI
export STATE=state/dev/state.json

# edit FILE CODE [raw]: runs CODE with the JSON of FILE as `s`; then, unless raw, makes its checksum
# right, as state/README.md tells.
cat > "$SCRATCH/edit.py" << 'PY'
import hashlib, json, os, sys
path = sys.argv[1]
s = json.load(open(path)) if os.path.exists(path) else {}
exec(sys.argv[2])
dump = lambda: json.dumps(s, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
if len(sys.argv) == 3:
    s["checksum"] = "0" * 64
    s["checksum"] = hashlib.sha256(dump().encode()).hexdigest()
os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
open(path, "w").write(dump() + "\n")
PY
edit() { "$PYTHON" "$SCRATCH/edit.py" "$@"; }
# get FILE EXPRESSION
get() { "$PYTHON" -c 'import json,sys; s=json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"; }

# A fresh environment `dev` whose state has two objects: serial 2, and serial 1 in its history.
environment() {
  export XDG_DATA_HOME=$PWD/data
  liteform new dev > /dev/null
  sed -i "s#url: https://litellm.dev.example.com#url: $URL#" environments/dev/environment.yaml
  liteform init dev > /dev/null
  liteform state pull dev > first.json
  cp first.json file.json
  edit file.json 's["objects"]={"team/core": {"kind": "team", "id": "t1", "fields": {"max_budget": 5}},
    "user/a@example.com": {"kind": "user", "id": "u1", "adopted": True}}' raw
  liteform state push dev file.json > out
}

test_case 'history: one line per run that wrote the state, the newest first' '
  environment
  liteform state mv dev team/core team/kern >/dev/null
  liteform history dev >out 2>err
  empty err
  head -1 out | grep -q "^SERIAL  WHEN"
  sed -n 2p out | grep -qE "^ +3 .* state mv +clean"
  sed -n 3p out | grep -qE "^ +2 .* state push +clean"
  sed -n 4p out | grep -qE "^ +1 .* init +clean"
  contains out "$(id -un)@"
  contains out "Next: liteform history dev SERIAL"
'
test_case 'history SERIAL: what was added, changed, removed, field by field; no part of a secret' '
  environment
  liteform history dev 2 >out
  contains out "operation    state push"
  contains out "+ team/core"
  contains out "max_budget  5"
  contains out "Objects: 2 added, 0 removed, 0 changed, 0 the same."
  liteform state pull dev >file.json
  edit file.json "
s[\"objects\"][\"team/core\"][\"fields\"] = {\"max_budget\": 7, \"alias\": \"x\", \"api_key\": {\"hmac\": \"feedbeef\"}}
del s[\"objects\"][\"user/a@example.com\"]" raw
  liteform state push dev file.json >/dev/null
  liteform history dev 3 >out
  contains out "max_budget  5 -> 7"
  contains out "alias  (none) -> x"
  contains out "api_key  (none) -> (sensitive)"
  contains out "- user/a@example.com"
  lacks out feedbeef
  liteform history dev 3 --json >out.json
  get out.json "[c[\"change\"] for c in s[\"run\"][\"changes\"]]" | grep -q "changed.*removed"
'
test_case 'history: a copy that is gone or damaged: the rest is told' '
  environment
  liteform state mv dev team/core team/kern >/dev/null
  rm state/dev/history/00000001-*
  printf x >"$(echo state/dev/history/00000002-*)"
  liteform history dev >out 2>err
  contains err LF408
  liteform history dev 3 >out 2>err
  contains out "The state before it is not kept any more"
'
test_case 'history: a serial that is not there, no serial, and no state' '
  environment
  must_fail 3 liteform history dev 99 2>err
  contains err LF423
  contains err "liteform history dev"
  must_fail 3 liteform history dev latest 2>err
  contains err LF604
  rm -r state
  liteform history dev >out
  contains out "Nothing was applied to dev yet."
'
test_case 'history: a stranger'"'"'s state cannot draw on the terminal' '
  environment
  edit $STATE "s[\"last_run\"][\"who\"]=\"eve\\033[2J\""
  liteform history dev >out
  ! grep -q "$(printf "\033")" out
'
finish
