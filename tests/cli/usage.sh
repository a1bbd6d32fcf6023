#!/usr/bin/env bash
# The command line itself: verbs, options, help, completion, the manual page, exit codes of misuse.
. "$(dirname "$0")/../lib/tap.sh"

verbs=$(sed -n 's/^VERB(\(.*\))$/\1/p' "$ROOT/src/cli/verbs.def")

test_case 'no verb: concise help on stdout, exit 0' '
  liteform >out 2>err
  empty err
  contains out "liteform plan dev"
  test "$(wc -l <out)" -lt 40
'
for verb in $verbs; do
  test_case "$verb: help VERB, VERB --help and VERB -h are the same, with examples" "
    liteform help $verb >a
    liteform $verb --help >b
    liteform $verb -h >c
    cmp_files a b
    cmp_files a c
    contains a Examples:
    contains a 'liteform $verb'
    test \"\$(awk 'length > 110' a | wc -l)\" = 0
  "
  test_case "$verb: an unknown option ends with 3 and says so" "
    must_fail 3 liteform $verb --no-such-option >out 2>err
    empty out
    contains err LF602
  "
  test_case "$verb: is in help, the manual page and completion" "
    liteform help | grep -qE '^  $verb +[a-z]'
    liteform man | grep -qE '^\.SS $verb'
    liteform completion bash | grep -qE '^    $verb\)'
  "
done

test_case 'a misspelt verb gets a suggestion, exit 3' '
  must_fail 3 liteform aply prod >out 2>err
  empty out
  contains err "did you mean apply?"
'
test_case 'a misspelt option gets a suggestion' '
  must_fail 3 liteform plan dev --detailed-exitcod 2>err
  contains err "did you mean --detailed-exitcode?"
'
test_case 'a misspelt allowance gets a suggestion' '
  must_fail 3 liteform plan dev --allow-rotat key/a 2>err
  contains err "did you mean --allow-rotate?"
'
test_case 'an allowance is no option where nothing is planned' '
  must_fail 3 liteform validate --allow-rotate 2>err
  contains err LF602
'
test_case 'a value that is missing, empty, or too much' '
  must_fail 3 liteform plan dev --only 2>err
  contains err "--only wants a value (GLOB)"
  must_fail 3 liteform plan dev --only --json >out 2>err
  must_fail 3 liteform plan dev --only= 2>err
  contains err "not empty"
  must_fail 3 liteform apply dev --yes=no 2>err
  contains err "--yes takes no value"
'
test_case 'one option with two values' '
  must_fail 3 liteform apply dev --plan a --plan b 2>err
  contains err "given twice"
'
test_case 'too few and too many words name the form' '
  must_fail 3 liteform plan 2>err
  contains err "liteform plan ENV"
  must_fail 3 liteform plan dev prod 2>err
  contains err "\"prod\" is one word too many"
'
test_case 'after -- a word is no option' '
  must_fail 3 liteform validate -- --help >out 2>err
  lacks out Examples
'
test_case 'all mistakes of a command line are shown at once' '
  must_fail 3 liteform plan dev --one --two 2>err
  contains err "there is no option --one"
  contains err "there is no option --two"
'
test_case '-C works in another folder, before the verb only' '
  mkdir -p a/b
  liteform -C a/b new dev >out
  test -f a/b/environments/dev/environment.yaml
  contains out "liteform -C a/b validate dev"
  liteform -Ca/b validate dev
  must_fail 3 liteform validate dev -C a/b 2>err
  must_fail 3 liteform -C nowhere validate 2>err
  contains err "nowhere"
  must_fail 3 liteform -C 2>err
'
test_case 'commands to type are quoted for the shell' '
  mkdir "it'"'"'s here"
  liteform -C "it'"'"'s here" new dev >out
  eval "$(sed -n "s/^Next: liteform/liteform/p" out)"
'
test_case 'version: one line; as JSON; as an option' '
  liteform version >a
  liteform --version >b
  cmp_files a b
  grep -qE "^liteform [0-9]+\.[0-9]+\.[0-9]+$" a
  liteform version --json | "$PYTHON" -c "import json,sys; json.load(sys.stdin)[\"version\"]"
'
test_case 'JSON: mistakes of the command line come out as JSON, too' '
  must_fail 3 liteform plam --json >out 2>err
  empty err
  "$PYTHON" -c "
import json, sys
d = json.load(open(\"out\"))
assert d[\"exit\"] == 3, d
assert d[\"diagnostics\"][0][\"id\"] == \"LF601\", d
"
  must_fail 3 liteform plan --json --nothing >out 2>err
  "$PYTHON" -m json.tool out >/dev/null
  must_fail 3 liteform --json --nothing plan >out 2>err
  "$PYTHON" -m json.tool out >/dev/null
'
for verb in version help man schema reference explain; do
  test_case "JSON: $verb" "
    liteform $verb --json >out 2>err
    empty err
    \"\$PYTHON\" -m json.tool out >/dev/null
  "
done
test_case 'JSON: completion' '
  liteform completion bash --json | "$PYTHON" -m json.tool >/dev/null
'
test_case 'completion: bash takes the script and completes' '
  liteform completion bash >c.bash
  bash -n c.bash
  mkdir -p environments/dev environments/prod
  cat >t.bash <<"END"
source ./c.bash
try() { COMP_WORDS=(liteform "$@"); COMP_CWORD=$#; _liteform; echo "${COMPREPLY[*]}"; }
try pl
try plan d
try plan dev --detail
try apply --allow-rot
try completion f
try -C .. he
END
  bash t.bash >out
  printf "plan\ndev\n--detailed-exitcode\n--allow-rotate\nfish\nhelp\n" >want
  cmp_files want out
'
if command -v zsh > /dev/null; then
  test_case 'completion: zsh takes the script' 'liteform completion zsh >c; zsh -n c'
else
  skip_case 'completion: zsh takes the script' 'zsh is not installed'
fi
if command -v fish > /dev/null; then
  test_case 'completion: fish takes the script' 'liteform completion fish >c; fish -n c'
else
  skip_case 'completion: fish takes the script' 'fish is not installed'
fi
test_case 'completion: an unknown shell' '
  must_fail 3 liteform completion tcsh 2>err
  contains err "bash, zsh, fish"
'
if command -v groff > /dev/null; then
  test_case 'man: groff has no complaint' '
    liteform man >page
    groff -man -ww -Tutf8 page >out 2>err
    empty err
    test "$(wc -l <out)" -gt 100
  '
else
  test_case 'man: a page with its sections' '
    liteform man >page
    for section in NAME SYNOPSIS VERBS "EXIT STATUS"; do grep -qF ".SH $section" page; done
  '
fi
test_case 'every allowance that a guard names is known to the command line' '
  grep -rhoE "guard_add\([^;]*" "$ROOT"/src/plan "$ROOT"/src/kinds --include="*.c" -A1 |
    grep -oE "\"LF3[0-9]+\", \"[a-z-]+\"" | sed "s/.*, \"\(.*\)\"/\1/" | sort -u >names
  test -s names
  while read -r name; do
    liteform help plan | grep -qE -- "--allow-$name( |$)" || { echo "$name"; false; }
  done <names
'
test_case 'nothing of it needs a folder, a network or a home' '
  env -i PATH=/usr/bin:/bin "$LITEFORM" version
  env -i PATH=/usr/bin:/bin "$LITEFORM" help plan >/dev/null
'
finish
