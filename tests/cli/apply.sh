#!/usr/bin/env bash
# plan, apply, drift, init, lock, state: exit codes, streams, questions; the server holds nothing.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/cli_server.sh"

# A fresh environment `dev` against the server, in the block's folder.
environment() {
  liteform new dev > /dev/null
  sed -i "s#url: https://litellm.dev.example.com#url: $URL#" environments/dev/environment.yaml
}
fingerprint() { liteform plan dev "$@" --json | "$PYTHON" -c 'import json,sys; print(json.load(sys.stdin)["fingerprint"])'; }
terminal() { TERM=xterm "$PYTHON" "$ROOT/tests/cli/terminal.py" "$@"; }

test_case 'plan: results on stdout, nothing on stderr, the next command last' '
  environment
  liteform plan dev >out 2>err
  empty err
  contains out "new in spec"
  contains out "Plan: 5 create"
  tail -n 1 out | grep -qE "^Apply: liteform apply dev --plan [0-9a-f]{4}(-[0-9a-f]{4}){3}$"
'
test_case 'plan: the same bytes every time' '
  environment
  liteform plan dev >a
  liteform plan dev >b
  cmp_files a b
  liteform plan dev --json >a
  liteform plan dev --json >b
  cmp_files a b
'
test_case 'plan: no escape sequence off a terminal, or with NO_COLOR, --no-color, CI on one' '
  environment
  TERM=xterm liteform plan dev >out
  ! grep -q "$(printf "\033")" out
  terminal "" "$LITEFORM" plan dev >out
  ! grep -q "<ESC>\[1m" out
  unset NO_COLOR
  terminal "" "$LITEFORM" plan dev >out
  contains out "<ESC>[1m"
  terminal "" "$LITEFORM" plan dev --no-color >out
  ! grep -q "<ESC>\[[0-9;]*m" out
  TERM=dumb "$PYTHON" "$ROOT/tests/cli/terminal.py" "" "$LITEFORM" plan dev >out
  ! grep -q "<ESC>\[[0-9;]*m" out
'
test_case 'plan: the lines of a terminal keep to its width' '
  environment
  terminal "" "$LITEFORM" plan dev >out
  "$PYTHON" -c "
import re
for line in open(\"out\", encoding=\"utf-8\", newline=\"\n\"):
    seen = re.sub(\"<ESC>.[0-9;]*[mK]\", \"\", line).rstrip().split(chr(13))[-1]
    assert len(seen) <= 72 or seen.startswith(\"Apply:\"), seen
"
'
test_case 'plan --detailed-exitcode: 2 with changes' '
  environment
  must_fail 2 liteform plan dev --detailed-exitcode >out
'
test_case 'plan --only and --skip narrow it, and the command to type holds them' '
  environment
  liteform plan dev --only model --skip "model/*opus" >out
  contains out "Plan: 1 create"
  contains out "--only model --skip '"'"'model/*opus'"'"'"
'
test_case 'plan --json: fits its schema' '
  environment
  liteform plan dev --json >out 2>err
  empty err
  "$PYTHON" "$ROOT/tests/cli/check_schema.py" "$ROOT/specs/plan.schema.json" out
'
test_case 'plan -o: a file of mode 0600 that fits the schema and holds no secret' '
  environment
  liteform plan dev -o p >out
  test "$(stat -c %a p)" = 600
  "$PYTHON" "$ROOT/tests/cli/check_schema.py" "$ROOT/specs/plan.schema.json" p
  lacks p sk-right
  contains out "Apply: liteform apply p"
'
test_case 'plan: the server is away: exit 4, what was not read is named' '
  environment
  sed -i "s#url: http.*#url: http://127.0.0.1:1#" environments/dev/environment.yaml
  must_fail 4 liteform plan dev >out 2>err
  contains out "? not read:"
  contains err "127.0.0.1:1"
  must_fail 4 liteform plan dev --json >out 2>err
  empty err
  "$PYTHON" "$ROOT/tests/cli/check_schema.py" "$ROOT/specs/plan.schema.json" out
'
test_case 'plan: a secret that is not there: exit 4, named, without its value' '
  environment
  must_fail 4 env -u LITELLM_MASTER_KEY "$LITEFORM" plan dev >out 2>err
  contains err "LITELLM_MASTER_KEY is not set"
'
test_case 'drift: exit 0 when all is as it was left, pending changes are counted' '
  environment
  liteform drift dev >out 2>err
  empty err
  contains out "No drift"
  contains out "Pending from the spec: 5 changes"
  liteform drift dev --json >out
  "$PYTHON" "$ROOT/tests/cli/check_schema.py" "$ROOT/specs/plan.schema.json" out
'
test_case 'plan and drift write nothing' '
  environment
  liteform plan dev >/dev/null
  liteform drift dev >/dev/null
  ! find state -name state.json 2>/dev/null | grep -q .
'
test_case 'apply: never asks off a terminal, exit 3 with the command to type' '
  environment
  must_fail 3 liteform apply dev >out 2>err </dev/null
  empty out
  contains err LF607
  contains err "liteform plan dev"
  must_fail 3 terminal "" env CI=1 "$LITEFORM" apply dev >out
  lacks out "Type yes"
'
test_case 'apply: asks on a terminal, anything but yes does nothing, exit 1' '
  environment
  must_fail 1 terminal "y\n" "$LITEFORM" apply dev >out
  contains out "Apply these 5 changes to dev? Type yes:"
  contains out LF608
'
test_case 'apply: Ctrl-C at the question, exit 130' '
  environment
  must_fail 130 terminal "\x03" "$LITEFORM" apply dev >out
  contains out LF624
'
test_case 'apply --plan: another fingerprint comes out: exit 8, nothing done' '
  environment
  : >"$SCRATCH/requests"
  must_fail 8 liteform apply dev --plan 0000-0000-0000-0000 >out 2>err
  contains err LF610
  ! grep -vq "^GET" "$SCRATCH/requests"
'
test_case 'apply FILE: other options than those of the file are refused' '
  environment
  liteform plan dev -o p >/dev/null
  must_fail 3 liteform apply p --only model 2>err
  contains err "cannot be given with a plan file"
'
test_case 'apply FILE: a changed file is refused, exit 1' '
  environment
  liteform plan dev -o p >/dev/null
  sed -i "s/new in spec/new in speck/" p
  must_fail 1 liteform apply p 2>err
  contains err LF609
  echo "{}" >p
  must_fail 1 liteform apply p 2>err
  liteform plan dev --json >p
  must_fail 1 liteform apply p 2>err
  contains err "no digest"
'
test_case 'apply FILE: the spec has moved: exit 8, and what moved' '
  environment
  liteform plan dev -o p >/dev/null
  sed -i "s/role: internal_user/role: internal_user_viewer/" environments/dev/environment.yaml
  must_fail 8 liteform apply p >out 2>err
  contains err "moved: user/alice@example.com"
'
test_case 'apply FILE: the state has moved: exit 8' '
  environment
  liteform init dev >/dev/null
  liteform plan dev -o p >/dev/null
  liteform lock dev --reason x >/dev/null
  id=$(liteform unlock dev --json | "$PYTHON" -c "import json,sys; print(json.load(sys.stdin)[\"freeze_id\"])")
  liteform unlock dev --id "$id"
  must_fail 8 liteform apply p >out 2>err
  contains err "the state has moved on"
'
test_case 'apply: local state for a remote target: exit 5 before anything is sent' '
  environment
  sed -i "s#url: http.*#url: https://litellm.example.com#" environments/dev/environment.yaml
  must_fail 5 liteform apply dev --yes 2>err
  contains err --allow-local-state
  for url in http://127.0.0.1.example.com http://localhost@example.com http://127.0.0.1@example.com; do
    sed -i "s#url: http.*#url: $url#" environments/dev/environment.yaml
    must_fail 5 liteform apply dev --yes 2>err || must_fail 3 liteform apply dev --yes 2>err
  done
'
test_case 'apply: a protected environment that is not committed: exit 5' '
  environment
  sed -i "s/^policy:/policy:\n  protected: true/" environments/dev/environment.yaml
  must_fail 5 liteform apply dev --yes 2>err
  contains err --allow-dirty
'
test_case 'apply: another target than the state knows: exit 5 before a credential is sent' '
  environment
  liteform init dev >/dev/null
  sed -i "s#url: http://127.0.0.1#url: http://localhost#" environments/dev/environment.yaml
  : >"$SCRATCH/requests"
  for verb in plan drift "apply --yes"; do
    must_fail 5 liteform ${verb%% *} dev ${verb#"${verb%% *}"} 2>err
    contains err LF611
    contains err "liteform init dev --retarget"
  done
  must_fail 5 liteform init dev 2>err
  empty "$SCRATCH/requests"
  liteform init dev --retarget >out
  contains out retargeted
  liteform plan dev >/dev/null
'
test_case 'apply: what fails on the server: exit 6, what is left and the next command' '
  environment
  must_fail 6 liteform apply dev --yes >out 2>err
  contains out "Applied to dev in part."
  contains out "Next: liteform plan dev"
  contains err "failed"
'
test_case 'CI: a target that the state does not know is refused without --trust-spec' '
  environment
  must_fail 5 env CI=true "$LITEFORM" plan dev 2>err
  contains err --trust-spec
  CI=true liteform plan dev --trust-spec >out
  contains out "--trust-spec"
  liteform init dev >/dev/null
  CI=true liteform plan dev >/dev/null
'
test_case 'init: makes state and hash key, may be run again' '
  environment
  export XDG_DATA_HOME=$PWD/data
  liteform init dev >out 2>err
  empty err
  contains out "state/dev: made"
  contains out "Next: liteform plan dev"
  key=$(echo data/liteform/*.key)
  test "$(stat -c %a "$key")" = 600
  test "$(stat -c %a state/dev/state.json)" = 600
  cp "$key" before
  liteform init >out
  contains out "there, lineage"
  cmp_files before "$key"
'
test_case 'init: a key that is refused, and a server that is away: exit 4' '
  environment
  must_fail 4 env LITELLM_MASTER_KEY=sk-wrong "$LITEFORM" init dev >out 2>err
  contains err LF625
  lacks err sk-wrong
  sed -i "s#url: http.*#url: http://127.0.0.1:1#" environments/dev/environment.yaml
  must_fail 4 liteform init dev --retarget >out 2>err
  contains out "not ready"
'
test_case 'init: more than one environment must be named' '
  liteform new a
  liteform new b
  must_fail 3 liteform init 2>err
  contains err LF618
'
test_case 'lock: apply ends with 7 and how to end it, plan goes on; unlock' '
  environment
  liteform init dev >/dev/null
  must_fail 3 liteform lock dev 2>err
  liteform lock dev --reason "release weekend" >out
  liteform plan dev >/dev/null
  must_fail 7 liteform apply dev --yes >out 2>err
  contains err "release weekend"
  contains err "liteform unlock dev --id"
  must_fail 7 liteform lock dev --reason again 2>err
  must_fail 1 liteform unlock dev --id wrong 2>err
  contains err LF627
  liteform unlock dev >out
  eval "$(sed -n "s/^Next: //p" out)" >out
  contains out "no longer frozen"
  liteform unlock dev >out
  contains out "is not locked"
'
test_case 'state: list, show, and what is not there' '
  environment
  must_fail 1 liteform state list dev 2>err
  contains err LF629
  liteform init dev >/dev/null
  liteform state list dev >out
  empty out
  liteform state show dev >out
  contains out lineage
  must_fail 3 liteform state show dev team/x 2>err
  must_fail 3 liteform state mv dev team/x team/y 2>err
  must_fail 3 liteform state rm dev team/x 2>err
  must_fail 3 liteform state lst dev 2>err
  contains err "did you mean list?"
  must_fail 3 liteform state mv dev 2>err
  contains err "mv ENV FROM TO"
'
test_case 'no secret in anything that was printed or kept' '
  environment
  { liteform init dev; liteform plan dev -o p; liteform plan dev --json; liteform apply dev --yes --json; liteform show dev; } >out 2>err || true
  ! grep -rq "sk-right" out err p state environments
'
finish
