#!/usr/bin/env bash
# Libraries that are loaded when needed and cannot be: what does not need them works, the rest says
# which it is, and no guard takes it for a pass.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/cli_server.sh"

# The loader finds an empty file of that name first.
without() { # curl|pq|git2 COMMAND...
  local name
  name=$(strings -a "$LITEFORM" | grep -m 1 -E "^lib$1\.so\.[0-9.]+$")
  mkdir -p broken
  : > "broken/$name"
  shift
  LD_LIBRARY_PATH=broken "$@"
}
environment() {
  liteform new dev > /dev/null
  sed -i "s#url: https://litellm.dev.example.com#url: $URL#" environments/dev/environment.yaml
}

test_case 'none of them is needed for what is neither HTTP nor git' '
  environment
  for name in curl pq git2; do without $name liteform version >out; done
  ls broken | grep -c . | grep -qx 3
  LD_LIBRARY_PATH=broken liteform validate dev 2>err
  LD_LIBRARY_PATH=broken liteform help plan >out
'
test_case 'without libcurl: plan says so and ends with 4' '
  environment
  must_fail 4 without curl liteform plan dev >out 2>err
  empty out
  contains err LF630
  contains err libcurl.so
'
test_case 'without libpq: the database cannot be read, and why' '
  environment
  sed -i "s#^targets:#targets:\n  database: { url: { env: DATABASE_URL }, required: true }#" environments/dev/environment.yaml
  export DATABASE_URL=postgresql://nobody:sk-database@127.0.0.1/none
  must_fail 4 without pq liteform init dev >out 2>err
  contains err LF623
  contains err libpq.so
  ! grep -q sk-database out err
'
test_case 'without libgit2: a protected environment is refused' '
  environment
  sed -i "s/^policy:/policy:\n  protected: true/" environments/dev/environment.yaml
  liteform init dev >out
  must_fail 5 without git2 liteform apply dev --yes >out 2>err
  contains err LF630
  contains err libgit2.so
  # The server takes writes and holds nothing: part-way, but not refused.
  must_fail 6 without git2 liteform apply dev --yes --allow-dirty >out 2>err
  ! grep -q LF630 err
'
test_case 'without libgit2 and with CI set: nothing is read that could be a file of the repository' '
  environment
  liteform init dev >out
  export CI=true
  liteform plan dev >out
  must_fail 5 without git2 liteform plan dev >out 2>err
  contains err LF630
'
finish
