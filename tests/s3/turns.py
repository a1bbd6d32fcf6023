"""Answers of S3 that get lost, a program that is killed at each of its calls, and two at once."""
import json
import os
import signal

from bucket import BUCKET, expect, overlay, teams
from stage import ENVIRONMENT, difference, wait_for
from tap import Case

LEASE = "3s"
WAIT = ("--lock-timeout", "60s")


def spec(budget=10):
    return overlay(teams(4, budget), {"users": {"ann@example.com": {"role": "internal_user"}},
                                      "models": {"opus": {"bedrock": "au.anthropic.claude-opus-4-6-v1"}}})


def world(stage):
    """A state of one apply, and a spec that wants more."""
    stage.set_up(teams(1), lease=LEASE)
    first = stage.apply()
    if first.code != 0:
        raise RuntimeError("the first apply: %s" % first)
    stage.write(spec())
    stage.aws("reset", {})
    stage.control("reset", {})


def undisturbed(stage):
    """What an apply without faults makes of it, and the calls that it sends to S3."""
    world(stage)
    ended = stage.apply()
    if ended.code != 0:
        raise RuntimeError("the undisturbed apply: %s" % ended)
    return {"rows": stage.snapshot(), "objects": stage.objects(), "serial": stage.state()["serial"]}, stage.calls()


def wrong_end(stage, wanted):
    """What is not as after an undisturbed run."""
    wrong = difference(wanted["rows"], stage.snapshot()) + difference(wanted["objects"], stage.objects())
    state = stage.state()
    if state["status"] != "clean":
        wrong.append("the state is %s" % state["status"])
    if [n for n in stage.names() if n.startswith("journal/")]:
        fences = [n for n in stage.names() if n.startswith("journal/") and not json.loads(stage.object(n)).get("takeover")]
        wrong += ["parts of the journal are left: %s" % fences] if fences else []
    if stage.locked():
        wrong.append("the lock is held")
    ended = stage.run("plan", ENVIRONMENT, "--detailed-exitcode")
    if ended.code != 0:
        wrong.append("the second plan: %s" % ended)
    return wrong


def answer_lost(action):
    """Each call in turn is carried out and its answer does not come: the same apply goes through, nothing is made twice."""
    def run(stage):
        wrong = []
        wanted, calls = undisturbed(stage)
        for number, call in enumerate(calls, 1):
            world(stage)
            stage.aws("faults", [{"match": {"service": "s3"}, "nth": number, "times": 1, "do": action}])
            ended = stage.apply()
            if ended.code == 1 and stage.state()["status"] == "clean":  # before anything began
                ended = stage.apply(*WAIT)
            found = wrong_end(stage, wanted)
            expect(found, ended, 0)
            if stage.state()["serial"] != wanted["serial"]:
                found.append("serial %s, wanted %s" % (stage.state()["serial"], wanted["serial"]))
            wrong += ["call %d (%s): %s" % (number, call, text) for text in found]
        print("# %s: %d calls, each in turn" % (action, len(calls)), flush=True)
        return wrong
    return run


def killed(when):
    """SIGKILL around each call in turn; the next apply waits for the lease, takes over and settles what is open."""
    def run(stage):
        wrong = []
        wanted, calls = undisturbed(stage)
        for number, call in enumerate(calls, 1):
            world(stage)
            child = stage.start("apply", ENVIRONMENT, "--yes",
                                prepare=lambda pid, n=number: stage.aws("kill_at", {"n": n, "pid": pid, "when": when}))
            ended = stage.wait(child)
            found = []
            if ended.code != -signal.SIGKILL:
                found.append("it was not killed: %s" % ended)
            stage.aws("reset", {})
            expect(found, stage.apply(*WAIT), 0)
            found += wrong_end(stage, wanted)
            wrong += ["%s call %d (%s): %s" % (when, number, call, text) for text in found]
        print("# killed %s: %d calls, each in turn" % (when, len(calls)), flush=True)
        return wrong
    return run


def held_in(stage, match):
    """An apply that is in the middle of a call to LiteLLM, which does not come back before it is let go."""
    stage.faults({"match": match, "nth": 1, "times": 1, "do": {"slow_ms": 6000}})
    child = stage.start("apply", ENVIRONMENT, "--yes")
    wait_for(lambda: any(e["path"].startswith(match.split(" ")[1]) for e in stage.log()) or
             any(n.startswith("journal/") for n in stage.names()), "the apply is under way")
    return child


def second_waits(stage):
    wrong = []
    world(stage)
    child = held_in(stage, "POST /team/new")
    expect(wrong, stage.apply(), 7, "LF401", "is locked: apply by", "unlock stage --id")
    expect(wrong, stage.run("plan", ENVIRONMENT), 0, "is at work on stage (apply)")
    shown = stage.run("unlock", ENVIRONMENT)
    expect(wrong, shown, 0, "Locked by", "--id")
    expect(wrong, stage.run("unlock", ENVIRONMENT, "--id", "another"), 1, "LF627")
    waited = stage.apply(*WAIT)
    expect(wrong, waited, 0, "waiting for the lock of stage")
    expect(wrong, stage.wait(child), 0)
    return wrong


def stopped_past_its_lease(stage):
    """A holder that sleeps past its lease and wakes up writes nothing more, and says so with exit 6."""
    wrong = []
    world(stage)
    child = held_in(stage, "POST /team/new")
    os.kill(child.pid, signal.SIGSTOP)
    taken = stage.apply(*WAIT)
    expect(wrong, taken, 0, "LF412")
    stage.control("reset", {})
    stage.aws("reset", {})
    before = stage.object("state.json")
    os.kill(child.pid, signal.SIGCONT)
    woken = stage.wait(child)
    expect(wrong, woken, 6)
    if stage.object("state.json") != before:
        wrong.append("the one that woke up wrote the state: %s" % woken)
    if stage.writes():
        wrong.append("the one that woke up went on: %s" % [(e["method"], e["path"]) for e in stage.writes()])
    return wrong


def broken_by_hand(stage):
    """`unlock --id`: the holder, alive after all, is fenced."""
    wrong = []
    world(stage)
    child = held_in(stage, "POST /team/new")
    ident = json.loads(stage.object("lock.json"))["lock_id"]
    expect(wrong, stage.run("unlock", ENVIRONMENT, "--id", ident), 0, "broken")
    taken = stage.apply()
    if taken.code not in (0, 6):
        wrong.append("the one after it: %s" % taken)
    ended = stage.wait(child)
    if ended.code not in (0, 6):
        wrong.append("the old holder: %s" % ended)
    expect(wrong, stage.apply(*WAIT), 0)
    expect(wrong, stage.run("plan", ENVIRONMENT, "--detailed-exitcode"), 0)
    return wrong


def two_writers(stage):
    """Several at once, each waiting for the lock: all get through, one after the other, and no serial is lost."""
    wrong = []
    world(stage)
    before = stage.state()["serial"]
    children = [stage.start("lock", ENVIRONMENT, "--reason", "race", *WAIT) for _ in range(4)]
    ended = [stage.wait(child) for child in children]
    codes = sorted(e.code for e in ended)
    if codes != [0, 7, 7, 7]:
        wrong.append("one freezes, the others find it frozen: %s" % [str(e) for e in ended])
    if stage.state()["serial"] != before + 1:
        wrong.append("serial %d after %d" % (stage.state()["serial"], before))
    return wrong


def session_ends(stage):
    """Credentials that end in the middle and come anew from their source (here: a process)."""
    wrong = []
    world(stage)
    stage.aws("roles", {"name": "worker", "policy": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::" + BUCKET, "arn:aws:s3:::%s/*" % BUCKET]}]}})
    script = os.path.join(stage.home, "credentials")
    with open(script, "w", encoding="utf-8") as file:
        file.write("#!/usr/bin/python3\nimport json, urllib.request\n"
                   "r = urllib.request.Request(%r + '/_sandbox/sessions', data=b'{\"role\": \"worker\"}', method='POST')\n"
                   "k = json.load(urllib.request.urlopen(r))\n"
                   "print(json.dumps({'Version': 1, 'AccessKeyId': k['access_key'], 'SecretAccessKey': k['secret_key'],"
                   " 'SessionToken': k['token'], 'Expiration': '2099-01-01T00:00:00Z'}))\n" % stage.url)
    os.chmod(script, 0o755)
    os.makedirs(os.path.join(stage.home, ".aws"), exist_ok=True)
    with open(os.path.join(stage.home, ".aws", "config"), "w", encoding="utf-8") as file:
        file.write("[profile worker]\ncredential_process = %s\n" % script)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        stage.variables.pop(name)
    stage.backend = stage.s3_spec(profile="worker", lease=LEASE)
    stage.write(spec())
    stage.aws("faults", [{"match": {"service": "s3"}, "nth": n, "times": 1, "do": {"expire_token": True}} for n in (2, 3, 4)])
    expect(wrong, stage.apply(), 0)
    expired = [e for e in stage.s3_log() if e["error"] == "ExpiredToken"]
    if not expired:
        wrong.append("no token expired: %s" % [(e["status"], e["error"]) for e in stage.s3_log()])
    return wrong


def cases():
    lost = {"the connection is cut": {"after": "drop"}, "answered 500": {"after": "status 500"}, "answered SlowDown": {"after": "error SlowDown"}}
    out = [Case("lost: every call, carried out and %s" % name, answer_lost(action)) for name, action in lost.items()]
    out += [Case("killed: %s every call" % when, killed(when)) for when in ("before", "after")]
    return out + [Case("two: the second says who holds the lock, or waits", second_waits),
                  Case("two: stopped past its lease", stopped_past_its_lease), Case("two: a lock that is ended by hand", broken_by_hand),
                  Case("two: four that want to write", two_writers), Case("lost: a session that ends in the middle", session_ends)]
