"""What can be wrong with a bucket, an endpoint, credentials, a clock, an object: each has a message that says what to do."""
import json
import re

from bucket import BUCKET, PREFIX, REGION, expect, teams
from stage import ENVIRONMENT
from tap import Case


def fault(code, words, rules=(), setup=None, backend=None, verb="plan", variables=None, check=None):
    """A world with a state; then something goes wrong, and `verb` is run."""
    def run(stage):
        wrong = []
        stage.set_up(teams(1))
        expect(wrong, stage.apply(), 0)
        if backend is not None:
            stage.backend = stage.s3_spec(**backend(stage))
        stage.write(teams(2))
        if setup is not None:
            setup(stage)
        stage.variables.update(variables(stage) if variables is not None else {})
        state = stage.object("state.json")
        if rules:
            stage.aws("faults", list(rules))
        ended = stage.apply() if verb == "apply" else stage.run(verb, ENVIRONMENT)
        expect(wrong, ended, code, *words)
        if code != 0 and stage.object("state.json") != state:
            wrong.append("the state was written:\n%s" % ended)
        if check is not None:
            wrong += check(stage, ended)
        return wrong
    return run


def other_region(stage):
    stage.aws("buckets", {"name": BUCKET, "region": "eu-central-1"})


def wrong_region(answer):
    def setup(stage):
        other_region(stage)
        stage.aws("wrong_region", {"answer": answer})
    return setup


def session(stage):
    """Temporary credentials of a role that may do all."""
    stage.aws("roles", {"name": "worker", "policy": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}})
    made = stage.aws("sessions", {"role": "worker"})
    return {"AWS_ACCESS_KEY_ID": made["access_key"], "AWS_SECRET_ACCESS_KEY": made["secret_key"], "AWS_SESSION_TOKEN": made["token"]}


def expired(stage):
    stage.variables.update(session(stage))
    stage.aws("expire", {})


def versioned(stage):
    """A lock and a state that were removed by hand in a versioned bucket: delete markers stand there."""
    wrong = []
    stage.fresh()
    stage.aws("buckets", {"name": BUCKET, "region": REGION, "versioning": "Enabled"})
    stage.backend = stage.s3_spec()
    stage.write(teams(1))
    expect(wrong, stage.run("init", ENVIRONMENT), 0)
    expect(wrong, stage.apply(), 0)
    for name in ("lock.json", "state.json"):
        stage.must_delete(name)
    expect(wrong, stage.run("plan", ENVIRONMENT), 5, "LF311")
    expect(wrong, stage.run("init", ENVIRONMENT, "--take-over"), 0, "made")
    expect(wrong, stage.apply(), 0)
    return wrong


def state_gone(stage):
    """The state was removed and lock.json knows of it: no beginning, a loss."""
    wrong = []
    stage.set_up(teams(1))
    expect(wrong, stage.apply(), 0)
    stage.must_delete("state.json")
    expect(wrong, stage.apply(), 1, "LF414", "state restore")
    expect(wrong, stage.run("state", "restore", ENVIRONMENT, "latest", "--yes"), 0)
    expect(wrong, stage.apply(), 0)
    return wrong


def rewritten(change):
    def setup(stage):
        stage.object("state.json", change(stage.object("state.json")))
    return setup


def edited(text):
    document = json.loads(text)
    document["objects"]["team/team-000"]["fields"]["max_budget"] = 11
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def other_lineage(stage):
    """As if somebody had begun anew and left the lock's record of the old one."""
    lock = stage.object("lock.json")
    for name in ("lock.json", "state.json"):
        stage.must_delete(name)
    stage.run("init", ENVIRONMENT)
    stage.object("lock.json", lock)


def ignored_conditions(header):
    """An endpoint that takes no notice of If-None-Match or If-Match: init sees it, and no state is written."""
    def run(stage):
        wrong = []
        stage.fresh()
        stage.backend = stage.s3_spec()
        stage.write(teams(1))
        stage.aws("faults", [{"match": {"header": header}, "do": {"ignore_conditions": True}}])
        expect(wrong, stage.run("init", ENVIRONMENT), 1, "LF452", "does not honour conditional writes", "no state was written")
        if stage.names():
            wrong.append("left behind: %s" % stage.names())
        expect(wrong, stage.apply(), 1, "LF453", "init")
        if "state.json" in stage.names():
            wrong.append("a state was written: %s" % stage.names())
        return wrong
    return run


def not_implemented(stage):
    wrong = []
    stage.fresh()
    stage.backend = stage.s3_spec()
    stage.write(teams(1))
    stage.aws("faults", [{"match": {"header": "if-none-match"}, "do": {"error": "NotImplemented", "status": 501}}])
    expect(wrong, stage.run("init", ENVIRONMENT), 1, "LF456", "NotImplemented", "conditional writes")
    return wrong


def elsewhere(stage):
    """A bucket copied to another endpoint: what was seen of the one says nothing of the other."""
    wrong = []
    stage.set_up(teams(1))
    expect(wrong, stage.apply(), 0)
    stage.backend = stage.s3_spec(endpoint=stage.tls_url, ca_file=stage.ca_file)
    stage.write(teams(2))
    expect(wrong, stage.apply(), 1, "LF453", "the state was made at " + stage.url)
    expect(wrong, stage.run("init", ENVIRONMENT), 0, "honours")
    expect(wrong, stage.apply(), 0)
    return wrong


def two_environments(stage):
    wrong = []
    stage.set_up(teams(1))
    stage.write(teams(1), name="other")
    for verb in ("init", "plan"):
        expect(wrong, stage.run(verb, "other"), 1, "LF404", ENVIRONMENT)
    return wrong


def large(stage):
    """50 MB of state are read and written."""
    wrong = []
    stage.set_up(teams(1))
    expect(wrong, stage.apply(), 0)
    document = stage.state()
    entry = document["objects"]["team/team-000"]
    for n in range(50):
        document["objects"]["team/large-%02d" % n] = dict(entry, extra={"note": "x" * 1000000})
    path = stage.work + "/large.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)
    expect(wrong, stage.run("state", "push", ENVIRONMENT, path, "--force"), 0)
    if len(stage.object("state.json")) < 50000000:
        wrong.append("the large state was not stored")
    expect(wrong, stage.run("state", "list", ENVIRONMENT), 0, "team/large-49")
    return wrong


def warned(stage, ended):
    if ended.text.count("LF445") < 1:
        return ["no warning of the clock: %s" % ended]
    return []


def spec_fault(backend, code, *words):
    def run(stage):
        wrong = []
        stage.fresh()
        stage.backend = {"s3": dict({"bucket": BUCKET, "prefix": PREFIX, "region": REGION}, **backend)}
        stage.write(teams(1))
        expect(wrong, stage.run("validate", ENVIRONMENT), code, *words)
        return wrong
    return run


def cases():
    retried = [("SlowDown twice, then well", {"error": "SlowDown"}), ("503 twice", {"status": 503}), ("500 twice", {"error": "InternalError"}),
               ("the connection is cut twice", {"before": "drop"}), ("the answer is cut off twice", {"truncate": 20}),
               ("a wrong bit twice", {"flip": 40})]
    table = {
        "no such bucket": fault(1, ["LF440", "no bucket nothing-here"], backend=lambda s: {"bucket": "nothing-here"}),
        "another region, 400": fault(1, ["LF441", "is in eu-central-1", "`region: eu-central-1`"], setup=wrong_region("AuthorizationHeaderMalformed")),
        "another region, 301": fault(1, ["LF441", "`region: eu-central-1`"], setup=wrong_region("PermanentRedirect")),
        "another region, 307": fault(1, ["LF441"], setup=wrong_region("TemporaryRedirect")),
        "unknown access key": fault(1, ["LF443", "environment"], variables=lambda s: {"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000"}),
        "wrong secret": fault(1, ["LF443", "secret of that access key"], variables=lambda s: {"AWS_SECRET_ACCESS_KEY": "wrong"}),
        "expired token": fault(1, ["LF444", "log in again"], setup=expired),
        "no credentials at all": fault(1, ["LF701"], setup=lambda s: [s.variables.pop(k) for k in list(s.variables) if k.startswith("AWS_")
                                                                  and "KEY" in k]),
        "clock one hour ahead": fault(0, ["behind that of"], setup=lambda s: s.aws("clock", {"offset_s": 3600}), check=warned),
        "clock one hour behind": fault(0, ["ahead of"], setup=lambda s: s.aws("clock", {"offset_s": -3600}), check=warned, verb="apply"),
        "private root not known": fault(1, ["LF448", "ca_file"], variables=lambda s: {"AWS_ENDPOINT_URL_S3": s.tls_url}),
        "nobody listens": fault(1, ["LF447"], variables=lambda s: {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}),
        "no such host": fault(1, ["LF447", "name servers"], variables=lambda s: {"AWS_ENDPOINT_URL_S3": "http://nowhere.invalid"}),
        "a page of a gateway": fault(1, ["LF449", "502 Bad Gateway", "proxy"], rules=[{"match": "GET *", "do": {"garbage": "html"}}]),
        "no XML": fault(1, ["LF449"], rules=[{"match": "GET *", "do": {"garbage": "notxml"}}], verb="plan"),
        "SlowDown for ever": fault(1, ["LF456", "SlowDown", "several times"], rules=[{"match": "GET *", "do": {"error": "SlowDown"}}]),
        "cut off every time": fault(1, ["LF447"], rules=[{"match": "GET *state.json", "do": {"truncate": 30}}]),
        "changed on its way every time": fault(1, ["LF450"], rules=[{"match": "GET *state.json", "do": {"flip": 50}}]),
        "state cut short": fault(1, ["LF402", "damaged"], setup=rewritten(lambda b: b[:-100])),
        "state edited by hand": fault(1, ["LF402", "checksum"], setup=rewritten(edited)),
        "state of a newer program": fault(1, ["LF403"], setup=rewritten(lambda b: re.sub(b'"format":1,', b'"format":9,', b))),
        "writes refused": fault(1, ["LF442", "s3:PutObject", "arn:aws:s3:::" + BUCKET], verb="apply",
                                rules=[{"match": "PUT *", "do": {"error": "AccessDenied"}}]),
        "the state of another lineage": fault(1, ["LF405"], verb="apply", setup=other_lineage),
    }
    out = [Case("fault: " + name, run) for name, run in table.items()]
    for name, action in retried:
        for verb in ("plan", "apply"):
            out.append(Case("fault: %s, %s" % (name, verb), fault(0, [], verb=verb, rules=[
                {"match": "GET *state.json" if verb == "plan" or "flip" in action else "* *", "nth": 1, "times": 2, "do": action}])))
    out += [Case("fault: ignored " + h, ignored_conditions(h)) for h in ("if-none-match", "if-match")]
    out += [Case("fault: conditions not implemented", not_implemented), Case("fault: a bucket at another endpoint", elsewhere),
            Case("fault: two environments on one prefix", two_environments), Case("fault: versioning and delete markers", versioned),
            Case("fault: the state is gone", state_gone), Case("fault: a state of 50 MB", large)]
    out += [Case("spec: " + name, spec_fault(more, 3, *words)) for name, more, words in (
        ("a lock table", {"dynamodb_table": "locks"}, ("LF030", "dynamodb_table", "not needed")),
        ("lock: dynamodb", {"lock": "dynamodb"}, ("LF030",)), ("a colon in the prefix", {"prefix": "env:/prod"}, ("LF012", "colon")),
        ("a blank in the prefix", {"prefix": "my state"}, ("LF012",)), ("a slash at its end", {"prefix": "litellm/"}, ("LF012", "slash")),
        ("a bucket with a path", {"bucket": "acme/litellm"}, ("LF012", "prefix")),
        ("a key and AES256", {"encryption": "AES256", "kms_key": "k"}, ("LF025",)))]
    return out
