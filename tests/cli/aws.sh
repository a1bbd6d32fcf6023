#!/usr/bin/env bash
# Secret references on AWS from the command line: where credentials came from, what is said when there
# are none, when a secret is missing or not allowed; and that no secret gets out.
. "$(dirname "$0")/../lib/tap.sh"

for name in ${!AWS_@}; do unset "$name"; done
export AWS_EC2_METADATA_DISABLED=true
TMPDIR=$SCRATCH
export TMPDIR
exports=$("$ROOT/tests/sandbox/aws-up" 2> "$SCRATCH/aws.err") || skip_all 'the stand-in of AWS did not start'
eval "$exports"
"$PYTHON" "$ROOT/tests/cli/server.py" "$SCRATCH" &
server=$!
trap 'kill $server 2> /dev/null; "$ROOT/tests/sandbox/aws-down"; tap_leave' EXIT
for _ in $(seq 100); do [ -s "$SCRATCH/url" ] && break; sleep 0.05; done
[ -s "$SCRATCH/url" ] || skip_all 'the server did not start'
URL=$(cat "$SCRATCH/url")
export URL
unset CI

control() { # ROUTE JSON
  "$PYTHON" -c 'import sys, urllib.request as u
print(u.urlopen(u.Request(sys.argv[1], sys.argv[2].encode(), method="POST")).read().decode())' "$SANDBOX_AWS_URL/_sandbox/$1" "$2"
}
# environment REFERENCE: an environment `dev` whose master key is there
environment() {
  export XDG_DATA_HOME=$PWD/data
  liteform new dev > /dev/null
  sed -i "s#url: https://litellm.dev.example.com#url: $URL#; s#master_key: .*#master_key: $1#" environments/dev/environment.yaml
}
control secrets '{"name": "litellm/prod", "value": "{\"master\": \"sk-right\", \"other\": \"sk-wrong\"}"}' > /dev/null
control parameters '{"name": "/litellm/key", "value": "sk-right"}' > /dev/null

test_case 'init -v names the source of the credentials, and neither keys nor values' '
  environment "{ secretsmanager: litellm/prod, key: master }"
  liteform init dev -v >out 2>err
  contains out "credentials environment (AWS_ACCESS_KEY_ID)"
  contains out "key       accepted"
  lacks out "$AWS_SECRET_ACCESS_KEY"
  lacks out sk-right
  liteform init dev --json >json
  lacks json sk-right
'
test_case 'without -v, and where nothing leads to AWS, the source is not named' '
  environment "{ env: KEY }"
  KEY=sk-right liteform init dev >out
  lacks out credentials
  KEY=sk-right liteform init dev -v >out
  lacks out credentials
'
test_case 'a parameter of SSM, by the role of a profile' '
  environment "{ ssm: /litellm/key }"
  control roles "{\"name\": \"reader\"}"
  mkdir -p "$HOME/.aws"
  printf "[admin]\naws_access_key_id = %s\naws_secret_access_key = %s\n" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >"$HOME/.aws/credentials"
  printf "[profile team]\nrole_arn = arn:aws:iam::123456789012:role/reader\nsource_profile = admin\nregion = us-east-1\n" >"$HOME/.aws/config"
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
  AWS_PROFILE=team liteform init dev -v >out
  contains out "profile team (role arn:aws:iam::123456789012:role/reader) by way of profile admin in ~/.aws/credentials"
  AWS_PROFILE=team liteform plan dev >plan 2>err
  lacks plan sk-right
  lacks err sk-right
  rm -r "$HOME/.aws"
'
test_case 'no credentials: all places are named' '
  environment "{ ssm: /litellm/key }"
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  must_fail 4 liteform init dev >out 2>err
  contains err "no AWS credentials; looked at environment"
'
test_case 'no such secret, no such key, no right: each says what to do' '
  environment "{ secretsmanager: litellm/prd, key: master }"
  must_fail 4 liteform init dev >out 2>err
  contains err "there is no secret litellm/prd in the region us-east-1 that was asked"
  sed -i "s#litellm/prd, key: master#litellm/prod, key: mastr#" environments/dev/environment.yaml
  must_fail 4 liteform init dev >out 2>err
  contains err "did you mean master?"
  control principals "{\"name\": \"nobody\", \"access_key\": \"AKIANOBODY2345678901\", \"secret_key\": \"hidden-of-nobody\", \"policy\":
    {\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}]}}"
  export AWS_ACCESS_KEY_ID=AKIANOBODY2345678901 AWS_SECRET_ACCESS_KEY=hidden-of-nobody
  must_fail 4 liteform init dev >out 2>err
  contains err "\"Action\": \"secretsmanager:GetSecretValue\""
  contains err "arn:aws:secretsmanager:us-east-1:*:secret:litellm/prod-??????"
  lacks err hidden-of-nobody
'
test_case 'a reference that is none: LF020 with the forms there are' '
  environment "{ secretsmanager: litellm/prod, field: master }"
  must_fail 3 liteform validate dev >out 2>err
  contains err LF020
  contains err "{ ssm: /PATH }"
'
finish
