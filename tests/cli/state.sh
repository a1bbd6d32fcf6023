#!/usr/bin/env bash
# state pull, push, restore: round trip, refusals, exit codes; the server holds nothing.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/cli_server.sh"
. "$(dirname "$0")/../lib/cli_state.sh"

is() { # FILE EXPRESSION VALUE
  local value
  value=$(get "$1" "$2") || return 1
  [ "$value" = "$3" ] || { tap_say "$2 of $1 is $value, not $3"; return 1; }
}
terminal() { TERM=xterm "$PYTHON" "$ROOT/tests/cli/terminal.py" "$@"; }

# Answers yes on a terminal, and lets the store fail from the question on.
cat > "$SCRATCH/breaking.py" << 'PY'
import os, pty, sys
state = "state/dev/state.json"
pid, screen = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
try:
    while part := os.read(screen, 4096):
        seen += part
        if b"Type yes" in seen and not os.path.exists("away"):
            os.rename(state, "away")
            os.mkdir(state)
            os.write(screen, b"yes\n")
except OSError:
    pass
print(seen.decode("utf-8", "replace").replace("\r\n", "\n"))
os.rmdir(state)
os.rename("away", state)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
# What a run that was killed leaves: the state claimed at `epoch`, and one intent.
died() {
  edit $STATE 's.update(status="applying", epoch=7, write_id="claimed", run={"id": "dead", "operation": "apply", "who": "eve", "epoch": 7})'
  edit "state/dev/journal/$(printf %08d "$(get $STATE 's["serial"]')")-000001.json" '
st = json.load(open("state/dev/state.json"))
s.update(format=1, serial=st["serial"], lineage=st["lineage"], epoch=7, lock_id="dead", write_id="j1", written_at="2026-01-01T00:00:00Z",
  entries=[{"n": 1, "address": "team/new", "kind": "team", "action": "create", "id": "t9"}], results=[])'
}
copies() { find state/dev/history -name '*.json' | wc -l; }

test_case 'pull: what is stored, byte for byte, nothing on stderr, no lock' '
  environment
  flock state/dev/.lock "$LITEFORM" state pull dev >out 2>err
  empty err
  cmp_files $STATE out
  liteform state pull dev --json >out
  get out "s == json.load(open(\"$STATE\"))" | grep -q True
'
test_case 'pull: a state that was indented by hand is printed in canonical form' '
  environment
  cp $STATE before
  "$PYTHON" -m json.tool before $STATE
  liteform state pull dev >out
  cmp_files before out
'
test_case 'pull: no state: LF629; a damaged one is printed as it is: LF402, exit 1' '
  liteform new dev >/dev/null
  must_fail 1 liteform state pull dev >out 2>err
  empty out
  contains err LF629
  contains err "liteform init dev"
  environment || { rm -r environments; environment; }
  edit $STATE "s[\"tool\"]=\"edited\"" raw
  must_fail 1 liteform state pull dev >out 2>err
  cmp_files $STATE out
  contains err LF402
  contains err "liteform state push dev FILE --force"
'
test_case 'pull: what a terminal would obey is made visible on one' '
  environment
  printf "{\033[2J" >$STATE
  must_fail 1 terminal "" "$LITEFORM" state pull dev >out
  lacks out "<ESC>[2J"
  must_fail 1 liteform state pull dev >out
  cmp_files $STATE out
'
test_case 'push: the round trip: a higher serial, the edit, a new checksum, the old state in history' '
  environment
  contains out "with serial 2"
  contains out "+ team/core"
  contains out "Objects: 2 added, 0 removed, 0 changed, 0 the same."
  contains out "Next: liteform plan dev"
  is $STATE "s[\"serial\"]" 2
  is $STATE "s[\"status\"]" clean
  is $STATE "s[\"objects\"][\"team/core\"][\"fields\"][\"max_budget\"]" 5
  is $STATE "\"run\" in s" False
  is $STATE "s[\"lineage\"] == json.load(open(\"first.json\"))[\"lineage\"]" True
  is $STATE "s.get(\"last_clean\") == json.load(open(\"first.json\")).get(\"last_clean\")" True
  test "$(copies)" = 1
  cmp_files first.json state/dev/history/00000001-*.json
  liteform state list dev >out
  contains out "user/a@example.com  (adopted)"
  liteform state pull dev >again
  liteform state push dev again >out
  contains out "Objects: 0 added, 0 removed, 0 changed, 2 the same."
  is $STATE "s[\"serial\"]" 3
  liteform plan dev >/dev/null
'
test_case 'push --json: serial and change' '
  environment
  liteform state pull dev >f
  edit f "s[\"objects\"][\"team/core\"][\"id\"]=\"t2\"" raw
  liteform state push dev f --json >out 2>err
  empty err
  is out "s[\"exit\"], s[\"serial\"], s[\"change\"][\"changed\"], s[\"change\"][\"same\"]" "(0, 3, ['"'team/core'"'], 1)"
'
test_case 'push: interrupted stays interrupted, members of a newer format stay' '
  environment
  liteform state pull dev >f
  edit f "s.update(status=\"applying\", novel={\"a\": 1})" raw
  liteform state push dev f >out
  is $STATE "s[\"status\"], s[\"run\"][\"operation\"], s[\"novel\"]" "('"'interrupted', 'state push', {'a': 1}"')"
'
test_case 'push: another lineage: LF421, exit 5, the flag is named; --force takes it' '
  environment
  liteform state pull dev >f
  edit f "s[\"lineage\"]=\"another\"" raw
  cp $STATE before
  must_fail 5 liteform state push dev f >out 2>err
  empty out
  contains err LF421
  contains err "liteform state push dev f --force"
  cmp_files before $STATE
  liteform state push dev f --force >out
  contains out "~ the lineage"
  is $STATE "s[\"lineage\"], s[\"serial\"]" "('"'another'"', 3)"
  liteform state rm dev team/core
'
test_case 'push: a serial that goes back: LF422, exit 5; --force gives one above all' '
  environment
  must_fail 5 liteform state push dev first.json 2>err
  contains err LF422
  contains err "it is older"
  contains err "liteform state push dev first.json --force"
  liteform state push dev first.json --force >out
  is $STATE "s[\"serial\"]" 3
  liteform state list dev >out
  empty out
'
test_case 'push: the same serial, but another write: LF422, exit 5' '
  environment
  liteform state pull dev >f
  edit f "s[\"write_id\"]=\"other\"" raw
  must_fail 5 liteform -C . state push dev f 2>err
  contains err LF422
  contains err "liteform -C . state push dev f --force"
'
test_case 'push: a file that is no state of this environment: LF420, exit 1, and why' '
  environment
  must_fail 1 liteform state push dev nowhere 2>err
  contains err LF420
  contains err "No such file"
  for change in "s[\"environment\"]=\"prod\"" "del s[\"lineage\"]" "s[\"format\"]=9" "s[\"serial\"]=2**61+1" \
      "s[\"serial\"]=-1" "s[\"objects\"][\"team/core\"][\"kind\"]=\"user\"" "s[\"objects\"][\"team\"]={\"kind\":\"team\"}" \
      "s[\"objects\"]=[]"; do
    cp $STATE f
    edit f "$change" raw
    must_fail 1 liteform state push dev f --force 2>err
    contains err LF420
  done
  head -c 100 $STATE >f
  must_fail 1 liteform state push dev f 2>err
  contains err "cut short"
  lacks err --force
  is $STATE "s[\"serial\"]" 2
'
test_case 'push: into an empty place any file, with a serial above its own' '
  environment
  liteform state pull dev >f
  rm -r state
  liteform state push dev f >out
  is $STATE "s[\"serial\"]" 3
  liteform state list dev >out
  contains out team/core
'
test_case 'push and restore: locked: exit 7; --lock-timeout waits' '
  environment
  liteform state pull dev >f
  (exec 9>>state/dev/.lock; flock 9; : >held; exec sleep 60) &
  holder=$!
  while [ ! -e held ]; do sleep 0.05; done
  must_fail 7 liteform state push dev f 2>err
  contains err LF401
  must_fail 7 liteform state push dev f --force 2>err
  must_fail 7 liteform state restore dev 1 --yes 2>err
  must_fail 7 liteform state push dev f --lock-timeout 1s 2>err
  liteform state restore dev >out
  contains out SERIAL
  kill $holder
  wait $holder || true
  liteform state push dev f >out
'
test_case 'push and restore: frozen: LF409, exit 7, also with --force; the copy does not freeze again' '
  environment
  liteform lock dev --reason weekend >/dev/null
  liteform state pull dev >f
  for action in "push dev f" "push dev f --force" "restore dev 1 --yes" "rm dev team/core"; do
    must_fail 7 liteform state $action 2>err
    contains err LF409
    contains err "liteform unlock dev --id"
    contains err weekend
  done
  must_fail 7 liteform lock dev --reason again 2>err
  contains err LF409
  liteform unlock dev --id "$(get $STATE "s[\"freeze\"][\"id\"]")" >/dev/null
  liteform state restore dev 3 --yes >out
  is $STATE "\"freeze\" in s, len(s[\"objects\"])" "(False, 2)"
'
test_case 'push and restore: never while a journal is open: LF628, exit 1, apply settles it' '
  environment
  cp $STATE f
  died
  for action in "push dev f" "push dev f --force" "push dev $STATE" "restore dev 1 --yes" "rm dev team/core"; do
    must_fail 1 liteform state $action 2>err
    contains err LF628
    contains err "liteform apply dev"
    lacks err "--force"
  done
  ls state/dev/journal/*-000001.json
  liteform apply dev --yes >out 2>err || true
  contains err "settled 1 step"
'
test_case 'push: the file of a run that could not store its end is taken with its journal (LF417)' '
  environment
  died
  cp $STATE recovered
  edit recovered "del s[\"run\"]; s.update(status=\"clean\", serial=3); s[\"objects\"][\"team/new\"]={\"kind\":\"team\",\"id\":\"t9\"}"
  cp -r state kept
  liteform state push dev recovered >out
  contains out "+ team/new"
  is $STATE "s[\"serial\"], s[\"status\"], \"run\" in s" "(3, '"'clean'"', False)"
  ! ls state/dev/journal/*-000001.json
  must_fail 5 liteform state push dev recovered 2>err
  contains err LF422
  rm -r state; mv kept state
  edit $STATE "s[\"epoch\"]=8"
  must_fail 1 liteform state push dev recovered 2>err
  contains err LF628
'
test_case 'LF417, the state cannot be stored at the end: the recovery file lies beside it, push takes it' '
  environment
  must_fail 1 timeout 60 env TERM=xterm "$PYTHON" "$SCRATCH/breaking.py" "$LITEFORM" state restore dev 1 >out
  contains out LF417
  contains out "liteform state push dev"
  test "$(stat -c %a state/dev/dev-recovery-00000003.json)" = 600
  is $STATE "s[\"serial\"], len(s[\"objects\"])" "(2, 2)"
  liteform state push dev state/dev/dev-recovery-00000003.json >out
  is $STATE "s[\"serial\"], s[\"status\"], len(s[\"objects\"])" "(3, '"'clean'"', 0)"
'
test_case 'restore: the list, the newest first, on stdout' '
  environment
  liteform state restore dev >out 2>err
  empty err
  test "$(sed -n 2p out | tr -s " " | cut -d " " -f 2)" = 1
  contains out "clean"
  contains out "Next: liteform state restore dev SERIAL, or latest"
  lacks out LINEAGE
  echo "{" >state/dev/history/00000009-x.json
  liteform state restore dev >out
  sed -n 2p out >line
  contains line "9  cannot be read"
  contains line "cut short"
  liteform state restore dev --json >out
  is out "[c[\"serial\"] for c in s[\"copies\"]]" "[9, 1]"
  is out "s[\"copies\"][1][\"objects\"]" 0
'
test_case 'restore: off a terminal: shows what it would change, wants --yes, exit 3' '
  environment
  cp $STATE before
  must_fail 3 liteform state restore dev 1 >out 2>err
  contains out "in the place of serial 2:"
  contains out "  - team/core"
  contains out "Objects: 0 added, 2 removed, 0 changed, 0 the same."
  contains err LF607
  contains err "liteform state restore dev 1 --yes"
  must_fail 3 env CI=1 "$LITEFORM" state restore dev 1 2>err
  must_fail 3 liteform state restore dev 1 --json >out 2>err
  is out "s[\"exit\"], len(s[\"change\"][\"removed\"]), s[\"copy\"][\"serial\"]" "(3, 2, 1)"
  cmp_files before $STATE
'
test_case 'restore --yes: a new serial; the same again takes it back' '
  environment
  edit $STATE "s[\"last_clean\"]={\"serial\": 2, \"at\": \"2026-01-01T00:00:00Z\", \"fingerprint\": \"x\"}"
  liteform state restore dev latest --yes >out 2>err
  empty err
  contains out "  - team/core"
  contains out "Serial 1 is back, as serial 3."
  is $STATE "s[\"serial\"], s[\"status\"], len(s[\"objects\"])" "(3, '"'clean'"', 0)"
  is $STATE "s[\"last_clean\"][\"at\"]" 2026-01-01T00:00:00Z
  liteform state restore dev latest --yes --json >out
  is out "s[\"serial\"], s[\"change\"][\"added\"]" "(4, ['"'team/core', 'user/a@example.com'"'])"
  is $STATE "s[\"serial\"], len(s[\"objects\"])" "(4, 2)"
  edit $STATE "s[\"status\"]=\"interrupted\""
  liteform state restore dev 1 --yes >out
  is $STATE "s[\"status\"], s[\"run\"][\"operation\"]" "('"'interrupted', 'state restore'"')"
'
test_case 'restore: what is changed, and in which members' '
  environment
  liteform state pull dev >f
  edit f "s[\"objects\"][\"team/core\"].update(id=\"t2\", fields={}); s[\"target\"]={\"x\": \"y\"}" raw
  liteform state push dev f >out
  contains out "~ team/core  (id, fields)"
  must_fail 3 liteform state restore dev 2 >out 2>err
  contains out "~ team/core  (id, fields)"
  contains out "~ the target"
  contains out "Objects: 0 added, 0 removed, 1 changed, 1 the same."
'
test_case 'mv, rm: what could not be written is not said to be done' '
  environment
  liteform state pull dev >big.json
  edit big.json "s[\"objects\"].update({\"team/t%03d\" % n: {\"kind\": \"team\", \"id\": \"t%d\" % n} for n in range(100)})" raw
  liteform state push dev big.json >/dev/null
  cp $STATE before
  for words in "mv dev team/t001 team/x" "rm dev team/t002"; do
    must_fail 1 bash -c "trap \"\" XFSZ; ulimit -f 2; exec \"$LITEFORM\" state $words" >out 2>err
    empty out
    contains err error
    cmp_files before $STATE
  done
'
test_case 'restore: asks on a terminal; anything but yes does nothing; Ctrl-C: 130' '
  environment
  cp $STATE before
  must_fail 1 terminal "y\n" "$LITEFORM" state restore dev 1 >out
  contains out "Restore serial 1 of dev? Type yes:"
  contains out LF608
  must_fail 130 terminal "\x03" "$LITEFORM" state restore dev 1 >out
  contains out LF624
  cmp_files before $STATE
  terminal "yes\n" "$LITEFORM" state restore dev 1 >out
  contains out "as serial 3"
'
test_case 'restore: what is not there: LF423, and wrong words' '
  environment
  must_fail 3 liteform state restore dev 77 --yes 2>err
  contains err LF423
  contains err "liteform state restore dev"
  must_fail 3 liteform state restore dev lates 2>err
  contains err LF604
  echo "{" >state/dev/history/00000009-x.json
  must_fail 1 liteform state restore dev 9 --yes 2>err
  contains err "cannot be read"
  liteform state restore dev latest --yes >out
  contains out "Serial 1 is back, as serial 11."
  rm -r state/dev/history
  must_fail 1 liteform state restore dev latest --yes 2>err
  contains err LF423
  liteform state restore dev >out
  contains out "no copy yet"
'
test_case 'LF402, a damaged state: push --force and restore mend it, the damaged text stays in history' '
  environment
  liteform state pull dev >f
  head -c 200 f >$STATE
  must_fail 1 liteform state list dev 2>err
  contains err LF402
  must_fail 1 liteform state push dev f 2>err
  contains err "liteform state push dev FILE --force"
  liteform state push dev f --force >out
  is $STATE "s[\"serial\"] > 2, len(s[\"objects\"])" "(True, 2)"
  head -c 200 f >$STATE
  cp $STATE damaged
  must_fail 3 liteform state restore dev latest >out 2>err
  contains out "damaged or missing"
  liteform state restore dev latest --yes >out
  is $STATE "len(s[\"objects\"])" 0
  grep -lF "$(cat damaged)" state/dev/history/*
  liteform plan dev >/dev/null
'
test_case 'LF405, LF413: another or an older state was put back' '
  environment
  cp $STATE newer
  cp first.json $STATE
  must_fail 1 liteform state rm dev team/x 2>err || must_fail 3 liteform state rm dev team/x 2>err
  must_fail 1 liteform lock dev --reason x 2>err
  contains err LF413
  liteform state push dev newer --force >out
  is $STATE "s[\"serial\"], len(s[\"objects\"])" "(3, 2)"
  edit $STATE "s[\"lineage\"]=\"another\""
  must_fail 1 liteform lock dev --reason x 2>err
  contains err LF405
  liteform state restore dev >out
  liteform state restore dev latest --yes >out
  contains out "~ the lineage"
  liteform lock dev --reason x >out
  liteform state restore dev >out
  contains out LINEAGE
'
test_case 'LF414, the state is gone: messages lead to restore, restore brings it back' '
  environment
  cp $STATE before
  rm $STATE
  must_fail 1 liteform state list dev 2>err
  contains err LF629
  contains err "liteform state restore dev"
  must_fail 1 liteform lock dev --reason x 2>err
  contains err LF414
  must_fail 1 liteform state push dev before 2>err
  contains err LF414
  liteform state restore dev latest --yes >out
  contains out "damaged or missing"
  is $STATE "s[\"serial\"]" 3
  rm $STATE
  liteform state push dev before --force >out
  is $STATE "s[\"serial\"], len(s[\"objects\"])" "(4, 2)"
'
test_case 'a damaged state with an open journal: restore keeps the journal, apply settles it' '
  environment
  liteform state pull dev >f
  liteform state push dev f >out
  died
  echo "{" >$STATE
  must_fail 1 liteform state push dev f --force 2>err
  contains err LF628
  contains err "liteform state restore dev latest"
  liteform state restore dev latest --yes >out
  contains out "Serial 2 is back. The journal"
  contains out "Next: liteform apply dev"
  is $STATE "s[\"serial\"], s[\"status\"], len(s[\"objects\"])" "(3, '"'applying'"', 2)"
  liteform apply dev --yes >out 2>err || true
  contains err "settled 1 step"
'
test_case 'options belong to their action; forms, help and completion' '
  environment
  must_fail 3 liteform state pull dev --force 2>err
  contains err "liteform state pull ENV"
  must_fail 3 liteform state push dev first.json --yes 2>err
  contains err "push ENV FILE [--force]"
  must_fail 3 liteform state restore dev 1 2 2>err
  contains err "restore ENV [SERIAL|latest] [--yes]"
  must_fail 3 liteform state push dev 2>err
  contains err "push ENV FILE"
  must_fail 3 liteform state pusch dev f 2>err
  contains err "did you mean push?"
  liteform state --help >out
  contains out "liteform state restore prod latest"
  for shell in bash zsh fish; do
    liteform completion $shell >out
    contains out "list show mv rm pull push restore"
  done
  for id in LF420 LF421 LF422 LF423; do liteform explain $id >out; contains out "state"; done
  must_fail 3 liteform explain LF614 2>err || must_fail 1 liteform explain LF614 2>err
'
# Decimals and escapes that other writers spell in another way, and a member before the checksum.
test_case 'the checksum is made as state/README.md tells, and the recipe there works' '
  environment
  sed -n "/^    import hashlib/,/^\$/s/^    //p" "$ROOT/state/README.md" >recipe.py
  contains recipe.py "sha256"
  liteform state pull dev >file.json
  edit file.json "s[\"aaa\"] = {\"checksum\": \"x\"}
s[\"objects\"][\"team/core\"][\"fields\"] = {\"max_budget\": decimal(\"0.00000012\"), \"large\": decimal(\"123456789.000000000001\"),
  \"text\": \"\\t\\x1b\\x7f \\u00e4 \\\" \\\\ /\"}" raw
  liteform state push dev file.json >out
  contains $STATE "0.00000012"
  contains $STATE "123456789.000000000001"
  (cd state/dev && "$PYTHON" "$OLDPWD/recipe.py") >out
  contains out True
  sed -i "s/0.00000012/0.00000013/" $STATE
  (cd state/dev && "$PYTHON" "$OLDPWD/recipe.py") >out
  contains out False
  must_fail 1 liteform state pull dev >out 2>err
  contains err LF402
  edit $STATE ""
  (cd state/dev && "$PYTHON" "$OLDPWD/recipe.py") >out
  contains out True
  liteform state pull dev >out
  cmp_files $STATE out
'
test_case 'what is made has mode 0600' '
  environment
  liteform state restore dev 1 --yes >out
  test -z "$(find state -type f ! -perm 600)"
  test -z "$(find state -type d ! -perm 700)"
'
finish
