#!/usr/bin/env bash
# For tests of what a state holds, sourced after cli_server.sh: an environment with a state, and ways to look
# into its file and to change it.
export STATE=state/dev/state.json

# edit FILE CODE [raw]: runs CODE with the JSON of FILE as `s`; then, unless raw, makes its checksum
# right, as state/README.md tells. A decimal is a text with a mark in `s`, to be written as it was.
cat > "$SCRATCH/edit.py" << 'PY'
import hashlib, json, os, re, sys
path = sys.argv[1]
decimal = lambda text: "\ue000" + text
s = json.load(open(path), parse_float=decimal) if os.path.exists(path) else {}
exec(sys.argv[2])
dump = lambda: re.sub('"\ue000([^"]*)"', r"\1",
                      json.dumps(s, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
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
