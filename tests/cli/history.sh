#!/usr/bin/env bash
# history: who wrote the state when, and what one run changed; the server holds nothing.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/cli_server.sh"
. "$(dirname "$0")/../lib/cli_state.sh"

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
