#!/usr/bin/env bash
# The helper on itself: what must be seen as a failure is seen as one.
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0 bad=0

check() { # NAME EXPECTED-LINES BLOCK: the ok and not ok lines of a script with this block
  n=$((n + 1))
  printf '. "%s/tap.sh"\ntest_case "a" %q\nfinish\n' "$here" "$3" > "$work/t.sh"
  if [ "$(TAP_ONLY='' bash "$work/t.sh" 2>&1 | grep -E '^(ok|not ok|1\.\.)' | tr '\n' ' ')" = "$2 " ]; then
    echo "ok $n - $1"
  else
    bad=1
    echo "not ok $n - $1"
    bash "$work/t.sh" 2>&1 | sed 's/^/# /'
  fi
}

good='ok 1 - a 1..1' fails='not ok 1 - a 1..1'
check 'a block that succeeds' "$good" 'true'
check 'a command fails in the middle of a block' "$fails" 'false; true'
check 'a command fails on a line of its own' "$fails" $'true\nfalse\ntrue'
check 'an unknown command' "$fails" 'there_is_no_such_command; true'
check 'must_fail with the right code' "$good" 'must_fail 3 sh -c "exit 3"'
check 'must_fail with another code' "$fails" 'must_fail 3 sh -c "exit 1"'
check 'must_fail of a success' "$fails" 'must_fail 1 true'
check 'must_fail of a crash' "$fails" 'must_fail 134 sh -c "kill -ABRT \$\$"'
check 'must_fail of a killed program' "$fails" 'must_fail 1 sh -c "kill -KILL \$\$"'
check 'must_fail of a missing program' "$fails" 'must_fail 127 there_is_no_such_command'
check 'must_fail of an interrupted program' "$good" 'must_fail 130 sh -c "exit 130"'
check 'cmp_files of equal files' "$good" 'echo a >x; echo a >y; cmp_files x y'
check 'cmp_files of other files' "$fails" 'echo a >x; echo b >y; cmp_files x y; true'
check 'cmp_files of a missing file' "$fails" 'echo a >x; cmp_files x y; true'
check 'contains' "$good" 'echo "-e abc" >x; contains x "-e a"'
check 'contains what is not there' "$fails" 'echo abc >x; contains x d; true'
check 'lacks' "$good" 'echo abc >x; lacks x d'
check 'lacks what is there' "$fails" 'echo abc >x; lacks x b; true'
check 'lacks of a missing file' "$fails" 'lacks x b; true'
check 'empty' "$good" ': >x; empty x'
check 'empty of a full file' "$fails" 'echo >x; empty x; true'
check 'a block starts in an empty folder' "$good" 'test -z "$(ls -A)"'
check 'a block reads nothing from its stdin' "$good" 'test -z "$(cat)"'
echo "1..$n"
exit $bad
