"""Answers to reads that cannot be used: the plan says which, and plans nothing of what it could not read."""
import json
import re
import socket
import time

import scenes
from stage import ENVIRONMENT
from tap import Case

#: The lists of each kind, and what leans on it: what is then not planned either.
LISTS = {"credential": "/credentials", "model": "/v2/model/info", "team": "/v2/team/list", "user": "/user/list", "key": "/key/list"}
LEANS = {"credential": ("model/sonnet",), "model": ("team/core", "key/"), "team": ("member/", "key/fixed"),
         "user": ("member/", "key/made"), "key": ()}
ERROR = json.dumps({"error": {"message": "the table is away", "type": "db_error", "code": "500"}})
GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

#: Answers: the fault, the status that is to be named, and a word of the diagnostic. The second half is read anew for some seconds.
ANSWERS = {
    "an error body with 200": ({"status": 200, "body": ERROR}, 200, "expected"),
    "a page of a gateway with 200": ({"garbage": "html"}, 200, "web page"),
    "JSON that breaks off": ({"garbage": "notjson"}, 200, "not JSON"),
    "an empty body": ({"garbage": "empty"}, 200, "empty"),
    "a text instead of a list": ({"garbage": "wrongtype"}, 200, "expected"),
    "a list of numbers": ({"status": 200, "body": '{"data": [1], "credentials": [1], "teams": [1], "users": [1], "keys": [1], '
                           '"total": 1, "total_count": 1}'}, 200, "expected|known shape"),
    "numbers instead of ids": ({"status": 200, "body": '{"data": [{"model_name": 1, "model_info": {"id": []}}], "credentials": '
                                '[{"credential_name": []}], "teams": [{"team_id": []}], "users": [{"user_id": {}}], "keys": [{"token": []}], '
                                '"total": 1, "total_count": 1}'}, 200, "expected|known shape"),
    "a redirect": ({"status": 302, "body": "see elsewhere", "content_type": "text/plain"}, 302, "redirect"),
    "401": ({"unauthorized": True}, 401, "master_key"),
    "403": ({"forbidden": True}, 403, "proxy_admin"),
    "404 of an old version": ({"status": 404, "body": '{"detail":"Not Found"}'}, 404, "may lack this endpoint"),
    "500": ({"status": 500}, 500, "proxy's log"),
    "a body that is cut off": ({"truncate": 20}, 200, "no whole answer"),
    "502 of a gateway": ({"status": 502, "body": GATEWAY, "content_type": "text/html"}, 502, "pods are ready"),
    "429 for ever": ({"status": 429}, 429, "run it again"),
    "a connection that is cut": ({"before": "drop"}, None, "no whole answer"),
}
PATIENT = ("a body that is cut off", "502 of a gateway", "429 for ever", "a connection that is cut")


def start(stage):
    """Everything is there, and everything is to be changed."""
    if "reads" not in stage.__dict__.setdefault("ways", {}):
        stage.clear()
        stage.write(scenes.whole())
        first = stage.apply()
        if first.code != 0:
            raise RuntimeError(str(first))
        stage.write(scenes.after())
        stage.keep("reads")
        stage.ways["reads"] = True
    stage.back("reads")


def touches(address, kind):
    names = [kind + "/"] + list(LEANS[kind])
    if kind == "team":
        names.append("member/")
    return any(address.startswith(name) for name in names)


def is_explained(text, path, status, word):
    """Some line names the URL, the status and what is wrong."""
    for line in text.splitlines():
        if path in line and re.search(r"error\[LF\d+\]", line):
            if status is None or "status %d" % status in line:
                return re.search(word, text) is not None and re.search("expected|known shape", line) is not None  # the fix may hold the word
    return False


def one_list(kind, name):
    """One list of one kind is bad: that kind and what leans on it stay as they are, the rest goes on."""
    action, status, word = ANSWERS[name]

    def run(stage):
        start(stage)
        stage.faults({"match": "GET " + LISTS[kind], "do": action})
        wrong = []
        plan, ended = stage.plan(*scenes.ALLOW)
        changes = plan["changes"] or []
        if ended.code != 4:
            wrong.append("plan: %s" % ended)
        if kind not in [entry["kind"] for entry in plan["unread"]]:
            wrong.append("%s is not unread: %s" % (kind, plan["unread"]))
        wrong += ["planned without having been read: %s %s" % (c["address"], c["action"]) for c in changes if touches(c["address"], kind)]
        if len(changes) < 2:
            wrong.append("what could be read is not planned: %s" % changes)
        if stage.writes():
            wrong.append("a plan writes: %s" % stage.writes())
        stage.control("reset", {})
        stage.faults({"match": "GET " + LISTS[kind], "do": action})
        ended = stage.apply(*scenes.ALLOW)
        if ended.code != 4:
            wrong.append("apply: %s" % ended)
        if not is_explained(ended.err, LISTS[kind], status, word):
            wrong.append("the diagnostic does not name URL, status and what was expected: %s" % ended.err)
        forbidden = {"credential": "/credentials", "model": "/model/", "team": "/team/", "user": "/user/(new|update|delete)", "key": "/key/"}[kind]
        wrong += ["written without having been read: %s" % e for e in stage.writes() if re.match(forbidden, e["path"])]
        return wrong
    return run


def all_lists(name):
    """Nothing can be read: nothing is planned, nothing is written."""
    action, status, word = ANSWERS[name]

    def run(stage):
        start(stage)
        stage.faults({"match": "GET /", "do": action})
        wrong = []
        for verb in ("plan", "apply"):
            ended = stage.run(verb, ENVIRONMENT, *scenes.ALLOW, *(["--yes"] if verb == "apply" else []))
            if ended.code != 4:
                wrong.append("%s: %s" % (verb, ended))
            if re.search(r"[+] (model|team|user|key|member|credential)/", ended.out):
                wrong.append("%s creates what could not be read: %s" % (verb, ended))
            if not is_explained(ended.err, "http://127.0.0.1", status, word):
                wrong.append("the diagnostic does not name URL, status and what was expected: %s" % ended.err)
        if stage.writes():
            wrong.append("written: %s" % stage.writes())
        return wrong
    return run


def large(stage):
    """100 MB: one error, nothing planned of it."""
    start(stage)
    stage.faults({"match": "GET /user/list", "do": {"big": 100000000}})
    ended = stage.apply(*scenes.ALLOW)
    wrong = [] if ended.code == 4 and is_explained(ended.err, "/user/list", 200, "") else ["apply: %s" % ended]
    tries = len(stage.requests("GET /user/list"))
    if tries > 1:
        wrong.append("asked %d times for 100 MB" % tries)
    return wrong + ["written: %s" % e for e in stage.writes() if e["path"].startswith("/user/")]


def incomplete(stage):
    """A list that says it holds more than it gives is no whole list."""
    start(stage)
    status, teams = stage.call("GET", "/v2/team/list?page=1&page_size=100")
    teams["total"] += 3
    stage.control("reset", {})
    stage.faults({"match": "GET /v2/team/list", "do": {"status": status, "body": json.dumps(teams)}})
    plan, ended = stage.plan(*scenes.ALLOW)
    wrong = [] if ended.code == 4 else ["exit %s: %s" % (ended.code, ended)]
    return wrong + ["planned: %s" % c for c in plan["changes"] or () if c["address"].startswith("team/")]


def retry_after(match, number):
    """429 with Retry-After, once: obeyed, then all is well."""
    def run(stage):
        start(stage)
        stage.faults({"match": match, "nth": 1, "times": 1, "do": {"status": 429, "retry_after": 2}})
        began = time.monotonic()
        ended = stage.apply(*scenes.ALLOW)
        spent = time.monotonic() - began
        wrong = [] if ended.code == 0 else ["apply: %s" % ended]
        if spent < 2:
            wrong.append("Retry-After: 2 was not waited for: the whole run took %.1f s" % spent)
        seen = [e["status"] for e in stage.requests(match)][:number]
        if seen != [429] + [200] * (number - 1):
            wrong.append("answers to %s: %s" % (match, seen))
        plan, ended = stage.plan()
        return wrong + ([] if ended.code == 0 and not plan["changes"] else ["the plan is not empty: %s" % plan["changes"]])
    return run


def wrong_key(stage):
    """The master key of another proxy: nothing is read, the fix names the setting."""
    start(stage)
    kept, stage.master = stage.master, "sk-of-another-proxy"
    try:
        ended = stage.apply(*scenes.ALLOW)
    finally:
        stage.master = kept
    wrong = [] if ended.code == 4 and "targets.litellm.master_key" in ended.err else ["apply: %s" % ended]
    return wrong + ["written: %s" % e for e in stage.writes()]


def database(required):
    """The database is away: `not looked at`; where it is required, nothing is applied."""
    def run(stage):
        start(stage)
        port = free_port()
        stage.write(scenes.after(), {"targets": {"database": {"url": {"env": "STAGE_NO_DATABASE"}, "required": required}}})
        stage.variables["STAGE_NO_DATABASE"] = "postgresql://sandbox@127.0.0.1:%d/litellm" % port
        ended = stage.run("plan", ENVIRONMENT, *scenes.ALLOW)
        wrong = []
        if "127.0.0.1" not in ended.text or "refused" not in ended.text:
            wrong.append("plan does not say why: %s" % ended)
        if required:
            wrong += [] if ended.code in (1, 4) and "LF254" in ended.err else ["plan: %s" % ended]
            ended = stage.apply(*scenes.ALLOW)
            wrong += [] if ended.code in (1, 4) else ["apply: %s" % ended]
            wrong += ["written: %s" % e for e in stage.writes()]
            return wrong
        wrong += [] if ended.code == 0 and "team/core" in ended.out and "not looked at: database" in ended.out else ["plan: %s" % ended]
        ended = stage.apply(*scenes.ALLOW)
        wrong += [] if ended.code == 0 else ["apply: %s" % ended]
        plan, ended = stage.plan()
        return wrong + ([] if ended.code == 0 and not plan["changes"] else ["the second plan: %s %s" % (plan["changes"], ended)])
    return run


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def away(stage):
    """The proxy is not there at all."""
    start(stage)
    stage.write(scenes.after(), {"targets": {"litellm": {"url": "http://127.0.0.1:%d" % free_port()}}})
    ended = stage.run("plan", ENVIRONMENT, *scenes.ALLOW)
    wrong = [] if ended.code == 5 and "--retarget" in ended.text else ["another URL than the state's: %s" % ended]
    wrong += ["written: %s" % e for e in stage.writes()]
    stage.write(scenes.whole(), {"targets": {"litellm": {"url": "http://127.0.0.1:%d" % free_port()}}}, name="elsewhere")
    ended = stage.run("plan", "elsewhere")
    return wrong + ([] if ended.code == 4 and "not reachable" in ended.err and "+ team" not in ended.out else ["nobody listens: %s" % ended])


def cases():
    kinds, names = list(LISTS), [name for name in ANSWERS if name not in PATIENT]
    out = []
    for i, name in enumerate(names):
        for kind in {kinds[i % len(kinds)], kinds[(i + 2) % len(kinds)]}:
            out.append(Case("reads: %s: %s" % (LISTS[kind], name), one_list(kind, name)))
        if name != "404 of an old version":  # that is what an old version answers to the first question
            out.append(Case("reads: all lists: %s" % name, all_lists(name)))
    for i, name in enumerate(PATIENT):
        out.append(Case("reads: %s: %s" % (LISTS[kinds[i % len(kinds)]], name), one_list(kinds[i % len(kinds)], name)))
    out.append(Case("reads: 100 MB", large))
    out.append(Case("reads: a list that is not whole", incomplete))
    out.append(Case("reads: 429 with Retry-After", retry_after("GET /user/list", 2)))
    out.append(Case("writes: 429 with Retry-After", retry_after("POST /team/update", 2)))
    out.append(Case("reads: the key of another proxy", wrong_key))
    out.append(Case("reads: an optional database that is away", database(False)))
    out.append(Case("reads: a required database that is away", database(True)))
    out.append(Case("reads: a proxy that is not there", away))
    return out
