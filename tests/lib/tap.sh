# shellcheck shell=bash
# For the shell tests of the command line: every block is one assertion, printed as one TAP line.
#
#   . "$(dirname "$0")/../lib/tap.sh"
#   test_case 'a plan of an unknown environment says which there are' '
#     must_fail 3 liteform plan nowhere >out 2>err
#     empty out
#     contains err "environments/nowhere"
#   '
#   finish
#
# A block runs in a subshell of its own, in an empty folder of its own, and ends at the first command
# that fails. In a pipe only the last command counts: write to a file, then look at the file.
# Variables: ROOT the project's folder, LITEFORM the program under test, SCRATCH this script's folder
# (HOME lies in it). KEEP=1 leaves the folder, and says where. TAP_ONLY=N runs block N alone.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LITEFORM=${LITEFORM:-$ROOT/build/debug/liteform}
PYTHON=${PYTHON:-/usr/bin/python3}
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/liteform-test.XXXXXX")
HOME=$SCRATCH/home
mkdir "$HOME"
export ROOT LITEFORM PYTHON SCRATCH HOME LC_ALL=C.UTF-8 TZ=UTC0 NO_COLOR=1 TERM=dumb
# What a developer's shell may hold must not decide a test.
unset KUBECONFIG AWS_PROFILE AWS_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN COLUMNS CDPATH

tap_count=0 tap_failed=0
trap 'tap_leave' EXIT
tap_leave() {
  if [ -n "${KEEP:-}" ]; then echo "# kept: $SCRATCH"; else chmod -R u+rwX "$SCRATCH" 2> /dev/null; rm -rf "$SCRATCH"; fi
}

liteform() { "$LITEFORM" "$@"; }

test_case() { # NAME COMMANDS
  local rc errexit=
  tap_count=$((tap_count + 1))
  if [ -n "${TAP_ONLY:-}" ] && [ "$TAP_ONLY" != "$tap_count" ]; then
    echo "ok $tap_count - $1 # skip not asked for"
    return
  fi
  mkdir "$SCRATCH/$tap_count"
  # Not "if ( ... )": inside a condition the shell would ignore set -e.
  case $- in *e*) errexit=1; set +e ;; esac
  (
    trap - EXIT
    cd "$SCRATCH/$tap_count" || exit 1
    set -e
    eval "$2"
  ) > "$SCRATCH/$tap_count.log" 2>&1 < /dev/null
  rc=$?
  [ -z "$errexit" ] || set -e
  if [ $rc = 0 ]; then
    echo "ok $tap_count - $1"
  else
    tap_failed=$((tap_failed + 1))
    echo "not ok $tap_count - $1"
    printf '%s\n' "$2" | sed 's/^/#   /'
    sed 's/^/# /' "$SCRATCH/$tap_count.log"
    echo "# (exit code $rc)"
  fi
}

skip_case() { # NAME WHY
  tap_count=$((tap_count + 1))
  echo "ok $tap_count - $1 # skip $2"
}

skip_all() { # WHY
  echo "1..0 # skip $1"
  exit 0
}

# The command must end with just this code; a crash, a signal and a sanitizer's report never pass.
must_fail() { # EXITCODE COMMAND...
  local want=$1 rc=0
  shift
  "$@" || rc=$?
  if [ "$rc" -ge 126 ] && [ "$rc" != "$want" ]; then
    tap_say "crashed or could not run, exit code $rc: $*"
    return 1
  elif [ "$rc" -ge 126 ] && [ "$rc" != 130 ]; then
    tap_say "a crash is never the wanted end, exit code $rc: $*"
    return 1
  elif [ "$rc" != "$want" ]; then
    tap_say "exit code $rc instead of $want: $*"
    return 1
  fi
}

# Messages go to the block's log even where the block has sent its stderr to a file.
tap_say() { echo "$*" >> "$SCRATCH/$tap_count.log"; }

cmp_files() { # EXPECTED ACTUAL
  diff -u "$1" "$2" >> "$SCRATCH/$tap_count.log" 2>&1
}

contains() { # FILE TEXT
  grep -qF -e "$2" -- "$1" && return 0
  tap_say "$1 does not hold: $2"
  cat "$1" >> "$SCRATCH/$tap_count.log"
  return 1
}

lacks() { # FILE TEXT
  [ -f "$1" ] || { tap_say "$1 is not there"; return 1; }
  grep -qF -e "$2" -- "$1" || return 0
  tap_say "$1 holds: $(grep -F -e "$2" -- "$1" | head -n 3)"
  return 1
}

empty() { # FILE
  [ -f "$1" ] && [ ! -s "$1" ] && return 0
  tap_say "$1 is not empty:"
  cat "$1" >> "$SCRATCH/$tap_count.log"
  return 1
}

finish() {
  echo "1..$tap_count"
  [ "$tap_failed" = 0 ]
  exit
}
