#!/usr/bin/env bash
# Verbs that need no network: new, validate, show, explain, schema, reference.
. "$(dirname "$0")/../lib/tap.sh"

test_case 'new: writes an environment that is valid as it stands' '
  liteform new dev >out 2>err
  empty err
  contains out "environments/dev/environment.yaml"
  liteform validate dev >out
  contains out "dev: valid"
'
test_case 'new: overwrites nothing' '
  liteform new dev
  echo "# mine" >>environments/dev/environment.yaml
  cp environments/dev/environment.yaml before
  must_fail 1 liteform new dev 2>err
  contains err LF616
  cmp_files before environments/dev/environment.yaml
  mkdir environments/prod && touch environments/prod/other.yaml
  must_fail 1 liteform new prod 2>err
  test ! -e environments/prod/environment.yaml
'
test_case 'new: names that cannot be' '
  for name in common .. . Dev "a b" -- "" "a/.."; do
    must_fail 3 liteform new "$name" 2>err
  done
  test ! -e environments
'
test_case 'new: a path makes the folder there' '
  liteform new here/environments/dev >out
  liteform validate here/environments/dev
'
test_case 'validate: all environments without a name, exit 0' '
  liteform new dev
  liteform new prod
  liteform validate >out 2>err
  empty err
  contains out "dev: valid"
  contains out "prod: valid"
'
test_case 'validate: every mistake at once, places on stderr, exit 3' '
  liteform new dev
  printf "\nteamz: {}\nnonsense: 1\n" >>environments/dev/environment.yaml
  must_fail 3 liteform validate dev >out 2>err
  contains out "dev: not valid (2 errors)"
  contains err "teamz"
  contains err "nonsense"
  grep -qE "environments/dev/environment.yaml:[0-9]+:[0-9]+" err
'
test_case 'validate: one bad environment among good ones' '
  liteform new dev
  liteform new prod
  echo "nonsense: 1" >>environments/prod/environment.yaml
  must_fail 3 liteform validate >out 2>err
  contains out "dev: valid"
  contains out "prod: not valid"
'
test_case 'validate: JSON holds the diagnostics, stderr stays empty' '
  liteform new dev
  echo "nonsense: 1" >>environments/dev/environment.yaml
  must_fail 3 liteform validate --json >out 2>err
  empty err
  "$PYTHON" -c "
import json
d = json.load(open(\"out\"))
assert d[\"environments\"] == [{\"environment\": \"dev\", \"valid\": False, \"objects\": d[\"environments\"][0][\"objects\"], \"errors\": 1, \"warnings\": 0}], d
one = d[\"diagnostics\"][0]
assert set(one) == {\"id\", \"level\", \"message\", \"address\", \"file\", \"line\", \"column\", \"fix\"}, one
assert one[\"line\"] > 1 and one[\"column\"] == 1 and one[\"level\"] == \"error\", one
"
'
test_case 'validate: no environment there, and one that is not' '
  must_fail 3 liteform validate >out 2>err
  contains err LF618
  must_fail 3 liteform validate nowhere >out 2>err
  contains err "nowhere"
'
test_case 'show: the merged spec, one address, and the places' '
  liteform new dev
  liteform show dev >out
  contains out "environment: dev"
  liteform show dev team/platform >out
  contains out "models"
  liteform show dev --origin >out
  contains out "environment.yaml:"
  liteform show dev --json | "$PYTHON" -c "import json,sys; assert json.load(sys.stdin)[\"spec\"][\"environment\"] == \"dev\""
'
test_case 'show: a misspelt address gets a suggestion' '
  liteform new dev
  must_fail 3 liteform show dev team/platfrom >out 2>err
  empty out
  contains err "did you mean team/platform?"
'
test_case 'show: an invalid spec is not shown' '
  liteform new dev
  echo "nonsense: 1" >>environments/dev/environment.yaml
  must_fail 3 liteform show dev >out 2>err
  empty out
'
test_case 'show: a secret is shown as its reference only' '
  liteform new dev
  LITELLM_MASTER_KEY=sk-do-not-print liteform show dev >out
  contains out "LITELLM_MASTER_KEY"
  lacks out "sk-do-not-print"
'
test_case 'explain: long text, in any case; all of them; near misses' '
  liteform explain LF010 >out
  contains out "LF010 (error): unknown key"
  liteform explain lf010 >low
  cmp_files out low
  liteform explain >all
  test "$(wc -l <all)" -gt 40
  must_fail 3 liteform explain LF999 2>err
  contains err LF619
'
test_case 'explain: every id of the program has its text' '
  liteform explain | cut -c1-5 >ids
  while read -r id; do liteform explain "$id" >out && test "$(wc -w <out)" -gt 10 || { echo "$id"; false; }; done <ids
'
test_case 'schema and reference are printed' '
  liteform schema | "$PYTHON" -m json.tool >/dev/null
  liteform reference >out
  contains out "## "
'
test_case 'a bucket without credentials: every source is named, exit 1' '
  liteform new dev
  sed -i "s/^backend: local/backend:\n  s3: { bucket: bkt, prefix: p, region: r }/" environments/dev/environment.yaml
  liteform validate dev
  export AWS_EC2_METADATA_DISABLED=true HOME=$PWD
  unset AWS_ACCESS_KEY_ID AWS_PROFILE
  must_fail 1 liteform plan dev >out 2>err
  contains err LF701
'
finish
