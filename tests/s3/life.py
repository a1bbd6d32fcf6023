"""A state's life in a bucket when all goes well, what it costs in calls, and who may do what."""
import json
import os
import re

from bucket import BUCKET, PREFIX, expect, overlay, teams
from stage import ENVIRONMENT
from tap import Case


def whole_life(stage):
    wrong = []
    stage.fresh()
    stage.backend = stage.s3_spec()
    stage.write(teams(3))
    made = stage.run("init", ENVIRONMENT, "-v")
    expect(wrong, made, 0, "honours conditional writes", "s3://%s/%s: made" % (BUCKET, PREFIX), "credentials")
    if stage.admin["AWS_SECRET_ACCESS_KEY"] in made.text:
        wrong.append("init -v prints the secret")
    if stage.names() != ["lock.json", "state.json"] and stage.names() != ["history/00000000-run.json", "lock.json", "state.json"]:
        wrong.append("after init: %s" % stage.names())
    expect(wrong, stage.run("init", ENVIRONMENT), 0, ": there")
    expect(wrong, stage.apply(), 0)
    expect(wrong, stage.run("plan", ENVIRONMENT, "--detailed-exitcode"), 0)
    expect(wrong, stage.run("state", "list", ENVIRONMENT), 0, "team/team-000")
    expect(wrong, stage.run("state", "show", ENVIRONMENT, "team/team-001"), 0, "team-001")
    pulled = stage.run("state", "pull", ENVIRONMENT)
    if json.loads(pulled.out) != stage.state():
        wrong.append("state pull gives another state")
    stage.write(teams(3, budget=20))
    expect(wrong, stage.apply(), 0)
    expect(wrong, stage.run("history", ENVIRONMENT), 0)
    expect(wrong, stage.run("state", "mv", ENVIRONMENT, "team/team-000", "team/renamed"), 0)
    expect(wrong, stage.run("state", "rm", ENVIRONMENT, "team/renamed"), 0)
    expect(wrong, stage.run("state", "restore", ENVIRONMENT, "latest", "--yes"), 0)
    expect(wrong, stage.run("lock", ENVIRONMENT, "--reason", "a weekend"), 0, "frozen")
    stage.write(teams(3, budget=30))
    expect(wrong, stage.apply(), 7, "a weekend")
    ident = stage.state()["freeze"]["id"]
    expect(wrong, stage.run("unlock", ENVIRONMENT, "--id", ident), 0)
    expect(wrong, stage.apply(), 0)
    if [n for n in stage.names() if n.startswith(("journal/", "probe"))]:
        wrong.append("left behind: %s" % stage.names())
    if stage.locked():
        wrong.append("the lock was not given back")
    return wrong


def plan_file(stage):
    """Made here, applied elsewhere: the same spec in another folder with another home."""
    wrong = []
    stage.set_up(teams(2))
    expect(wrong, stage.run("plan", ENVIRONMENT, "-o", "the.plan"), 0)
    expect(wrong, stage.run("apply", "the.plan"), 0)
    expect(wrong, stage.run("apply", "the.plan"), 8)
    return wrong


def calls_of(wrong, stage, what, most, *args, code=0):
    stage.aws("reset", {})
    expect(wrong, stage.run(*args), code)
    calls = stage.calls()
    if len(calls) > most:
        wrong.append("%s: %d calls, at most %d are wanted: %s" % (what, len(calls), most, ", ".join(calls)))
    print("# %s: %d calls: %s" % (what, len(calls), ", ".join(calls)), flush=True)
    return calls


def cost(stage):
    wrong = []
    stage.set_up(teams(30))
    for count, budget in ((30, 10), (30, 20), (60, 30)):
        stage.write(teams(count, budget))
        calls = calls_of(wrong, stage, "apply of %d changes" % count, 99, "apply", ENVIRONMENT, "--yes")
        journal = [c for c in calls if c.startswith("PUT journal/")]
        # Of the six: read lock and state, take and give back the lock, the copy for the history, the new state.
        # The journal needs a claim, its parts, and one call that removes them.
        if len(calls) > 6 + len(journal) + 2:
            wrong.append("an apply: %d calls, %d of them parts of the journal: %s" % (len(calls), len(journal), calls))
    calls_of(wrong, stage, "plan without changes", 2, "plan", ENVIRONMENT)
    calls_of(wrong, stage, "drift without changes", 2, "drift", ENVIRONMENT)
    calls_of(wrong, stage, "apply without changes", 4, "apply", ENVIRONMENT, "--yes")
    calls_of(wrong, stage, "init again", 6, "init", ENVIRONMENT)
    return wrong


def read_only(stage):
    """plan and drift need to read and to list, and write nothing; apply says what is missing."""
    wrong = []
    stage.set_up(teams(2))
    expect(wrong, stage.apply(), 0)
    stage.write(teams(3))
    stage.as_user([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::%s/%s/*" % (BUCKET, PREFIX)},
                   {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::" + BUCKET}])
    stage.aws("reset", {})
    expect(wrong, stage.run("plan", ENVIRONMENT, "--detailed-exitcode"), 2)
    expect(wrong, stage.run("drift", ENVIRONMENT), 0, "Pending")
    expect(wrong, stage.run("state", "list", ENVIRONMENT), 0)
    if any(e["method"] != "GET" for e in stage.s3_log()):
        wrong.append("a reader writes: %s" % stage.calls())
    expect(wrong, stage.apply(), 1, "LF442", '"Action":"s3:PutObject"')
    return wrong


ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SMALLEST = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")


def shown_policy(page):
    """The statements that a page shows, for the bucket and prefix of the tests."""
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        block = re.search(r'```json\n(\{ "Version".*?)```', file.read(), re.S).group(1)
    return json.loads(block.replace("acme-liteform", BUCKET).replace("litellm/prod", PREFIX))["Statement"]


def smallest_policy(stage):
    """What the README shows suffices for everything, and each right of it is needed."""
    wrong = []
    stage.fresh()
    stage.backend = stage.s3_spec()
    stage.write(teams(2))
    stage.as_user(shown_policy("README.md"))
    if shown_policy("README.md") != shown_policy("state/README.md"):
        wrong.append("README.md and state/README.md show different policies")
    expect(wrong, stage.run("init", ENVIRONMENT), 0)
    expect(wrong, stage.apply(), 0)
    stage.write(teams(2, budget=20))
    expect(wrong, stage.apply(), 0)
    expect(wrong, stage.run("state", "restore", ENVIRONMENT, "latest", "--yes"), 0)
    refused = [e for e in stage.s3_log() if e["status"] == 403]
    if refused:
        wrong.append("refused: %s" % [(e["method"], e["key"], e["query"]) for e in refused])
    return wrong


def right_missing(action):
    def run(stage):
        wrong = []
        stage.fresh()
        stage.backend = stage.s3_spec()
        stage.write(teams(2))
        statements = [{"Effect": "Allow", "Action": [a for a in SMALLEST if a != action],
                       "Resource": "arn:aws:s3:::%s/%s/*" % (BUCKET, PREFIX)}]
        if action != "s3:ListBucket":
            statements.append({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::" + BUCKET})
        stage.as_user(statements)
        ended = stage.run("init", ENVIRONMENT)
        expect(wrong, ended, 1, "LF442", action, '{"Effect":"Allow","Action":"%s","Resource":"arn:aws:s3:::' % action)
        if "state.json" in stage.names():
            wrong.append("a state was written: %s" % stage.names())
        return wrong
    return run


def migrate(stage):
    wrong = []
    stage.fresh()
    stage.backend = "local"
    stage.write(teams(3))
    expect(wrong, stage.run("init", ENVIRONMENT), 0)
    expect(wrong, stage.apply(), 0)
    stage.write(teams(3, budget=20))
    expect(wrong, stage.apply(), 0)
    before = stage.state()
    stage.backend = stage.s3_spec()
    stage.write(teams(3, budget=20))
    expect(wrong, stage.run("init", ENVIRONMENT, "--migrate"), 0, "copied and read again", "s3://")
    after = stage.state()
    if after["objects"] != before["objects"] or after["lineage"] != before["lineage"] or after["serial"] != before["serial"] + 1:
        wrong.append("the copy is another state")
    if not any(n.startswith("history/") for n in stage.names()):
        wrong.append("no history: %s" % stage.names())
    expect(wrong, stage.run("plan", ENVIRONMENT, "--detailed-exitcode"), 0)
    stage.write(teams(3, budget=30))
    expect(wrong, stage.apply(), 0)
    # Nobody goes on at the old place.
    stage.backend = "local"
    stage.write(teams(3, budget=30))
    expect(wrong, stage.run("plan", ENVIRONMENT), 1, "LF454", "s3://")
    expect(wrong, stage.apply(), 1, "LF454")
    # And back: where it is now is known from the mark.
    expect(wrong, stage.run("init", ENVIRONMENT, "--migrate"), 0, "copied and read again")
    expect(wrong, stage.run("plan", ENVIRONMENT, "--detailed-exitcode"), 0)
    stage.backend = stage.s3_spec()
    stage.write(teams(3, budget=30))
    expect(wrong, stage.run("plan", ENVIRONMENT), 1, "LF454")
    expect(wrong, stage.run("init", ENVIRONMENT, "--migrate"), 0)
    expect(wrong, stage.run("plan", ENVIRONMENT, "--detailed-exitcode"), 0)
    return wrong


def migrate_refused(stage):
    wrong = []
    stage.set_up(teams(1))
    stage.backend = "local"
    stage.write(teams(1))
    expect(wrong, stage.run("init", ENVIRONMENT), 0)
    stage.backend = stage.s3_spec()
    stage.write(teams(1))
    expect(wrong, stage.run("init", ENVIRONMENT, "--migrate"), 1, "LF455", "another lineage")
    expect(wrong, stage.run("init", ENVIRONMENT, "--migrate", "--from", "s3://%s/%s" % (BUCKET, PREFIX)), 3, "already")
    expect(wrong, stage.run("init", ENVIRONMENT, "--migrate", "--from", "nowhere"), 3, "LF603")
    expect(wrong, stage.run("init", ENVIRONMENT, "--from", "local"), 3, "LF604")
    return wrong


def migrate_cut(stage):
    """Dies after the copy and before the mark: the next one only marks."""
    wrong = []
    stage.fresh()
    stage.backend = "local"
    stage.write(teams(1))
    expect(wrong, stage.run("init", ENVIRONMENT), 0)
    stage.backend = stage.s3_spec(lease="3s")
    stage.write(teams(1))
    # The check reads state.json after it was written: the first such read that finds one.
    child = stage.start("init", ENVIRONMENT, "--migrate", prepare=lambda pid: stage.aws(
        "faults", [{"match": "GET *state.json", "nth": 2, "times": 1, "do": {"before": "kill", "pid": pid}}]))
    ended = stage.wait(child)
    if ended.code != -9:
        wrong.append("it was not killed: %s" % ended)
    expect(wrong, stage.run("init", ENVIRONMENT, "--migrate", "--lock-timeout", "30s"), 0, "was copied before")
    stage.backend = "local"
    stage.write(teams(1))
    expect(wrong, stage.run("plan", ENVIRONMENT), 1, "LF454")
    return wrong


def encryption(stage):
    wrong = []
    key = "arn:aws:kms:us-east-1:123456789012:key/0123"
    stage.fresh()
    stage.aws("kms_keys", {"arn": key})
    stage.backend = stage.s3_spec(kms_key=key)
    stage.write(teams(1))
    expect(wrong, stage.run("init", ENVIRONMENT), 0)
    expect(wrong, stage.apply(), 0)
    puts = [e for e in stage.s3_log() if e["method"] == "PUT"]
    if not puts or any(e["headers"].get("x-amz-server-side-encryption-aws-kms-key-id") != key for e in puts):
        wrong.append("not all objects were written under the key")
    stage.aws("kms_keys", {"arn": key, "state": "disabled"})
    stage.write(teams(2))
    expect(wrong, stage.apply(), 1, "KMS.DisabledException")
    return wrong


def history_kept(stage):
    wrong = []
    stage.fresh()
    stage.backend = overlay(stage.s3_spec(), {"keep": 2})
    stage.write(teams(1))
    expect(wrong, stage.run("init", ENVIRONMENT), 0)
    for budget in range(20, 26):
        stage.write(teams(1, budget))
        expect(wrong, stage.apply(), 0)
    kept = [n for n in stage.names() if n.startswith("history/")]
    if not 2 <= len(kept) <= 3:
        wrong.append("kept: %s" % kept)
    return wrong


def host_style(stage):
    """The bucket in the host's name, over TLS with a private root."""
    wrong = []
    port = stage.tls_url.rpartition(":")[2]
    stage.fresh()
    stage.backend = stage.s3_spec(endpoint="https://s3.localhost:" + port, path_style=False, ca_file=stage.ca_file)
    stage.write(teams(1))
    expect(wrong, stage.run("init", ENVIRONMENT), 0)
    expect(wrong, stage.apply(), 0)
    hosts = {e["headers"]["host"] for e in stage.s3_log()}
    if hosts != {"%s.s3.localhost:%s" % (BUCKET, port)}:
        wrong.append("hosts: %s" % hosts)
    return wrong


def cases():
    rights = [Case("rights: without %s init says which, and the statement" % a, right_missing(a)) for a in SMALLEST + ("s3:ListBucket",)]
    return [Case("life: init, plan, apply, the verbs of the state, freeze", whole_life), Case("life: a plan file", plan_file),
            Case("life: calls that plan and apply make", cost), Case("life: history keeps so many", history_kept),
            Case("life: a KMS key", encryption), Case("life: the bucket in the host, TLS with a private root", host_style),
            Case("rights: a reader plans and drifts without a write", read_only), Case("rights: the smallest policy", smallest_policy),
            Case("migrate: to the bucket and back", migrate), Case("migrate: what is refused", migrate_refused),
            Case("migrate: killed half-way", migrate_cut)] + rights
