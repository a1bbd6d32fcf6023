"""Answers to writes that get lost, and a proxy that restarts: never a second row or key, never a lost one."""
import re
import signal

import kills
from stage import ENVIRONMENT, wait_for
from tap import Case

#: What becomes of a write: carried out and its answer lost, carried out and answered 500, lost on the way.
FAULTS = {"carried out, the connection is cut": {"after": "drop"}, "carried out, answered 500": {"after": "status 500"},
          "carried out, the answer is cut off": {"truncate": 3}, "the connection is cut before": {"before": "drop"}}
#: Every write of an undisturbed run: the way, the route, which of that route's calls, and what it does.
WRITES = (
    ("create", "POST /credentials", 1, "create credential"), ("create", "POST /model/new", 1, "create model"),
    ("create", "POST /model/new", 2, "create model with a credential"), ("create", "POST /user/new", 1, "create user"),
    ("create", "POST /team/new", 1, "create team"), ("create", "POST /team/member_add", 1, "create member"),
    ("create", "POST /team/member_update", 1, "limits of a new member"), ("create", "POST /key/generate", 1, "create key"),
    ("create", "POST /key/generate", 2, "create another key"),
    ("mixed", "PATCH /credentials/bedrock", 1, "update credential"), ("mixed", "PATCH /credentials/theirs", 1, "adopt credential"),
    ("mixed", "PATCH /model/[^/]*sick", 1, "repair model"), ("mixed", "PATCH /model/[^/]*sonnet", 1, "update model"),
    ("mixed", "POST /model/delete", 1, "replace model: delete"), ("mixed", "POST /model/new", 1, "create beside, or replace"),
    ("mixed", "POST /model/new", 2, "create beside, or replace again"), ("mixed", "POST /model/delete", 2, "delete model"),
    ("mixed", "POST /team/update", 1, "move or adopt team"), ("mixed", "POST /team/update", 2, "adopt or move team"),
    ("mixed", "POST /team/update", 3, "update team"), ("mixed", "POST /user/update", 1, "update user"),
    ("mixed", "POST /team/member_update", 1, "update member"), ("mixed", "POST /key/update", 1, "update key"),
    ("mixed", "POST /key/update", 2, "rotate: retire"), ("mixed", "POST /key/generate", 1, "rotate: make"),
    ("mixed", "POST /key/delete", 1, "rotate: end"), ("mixed", "POST /key/delete", 2, "delete key"),
    ("mixed", "POST /team/member_delete", 1, "delete member"), ("mixed", "POST /user/delete", 1, "delete user"),
    ("mixed", "POST /team/delete", 1, "delete team"), ("mixed", "DELETE /credentials", 1, "delete credential"),
)
#: Calls during which somebody interrupts: single ones, and the first, second or last of a change of several.
INTERRUPTED = (("create", "POST /team/new", 1), ("create", "POST /team/member_add", 1), ("create", "POST /key/generate", 1),
               ("mixed", "PATCH /credentials/theirs", 1), ("mixed", "POST /model/delete", 1), ("mixed", "POST /key/update", 2),
               ("mixed", "POST /key/generate", 1), ("mixed", "POST /key/delete", 1), ("delete", "POST /user/delete", 1))
#: Those that are also lost in the other two ways: one of each kind of call.
ONCE_MORE = {"create credential", "create model", "create user", "create team", "create member", "create key", "update model", "update key",
             "rotate: retire", "rotate: make", "rotate: end", "delete team", "delete credential", "replace model: delete"}


def lost(way, match, number, action):
    def run(stage):
        wanted = kills.prepare(stage, way)
        stage.back(way)
        stage.faults({"match": match, "nth": number, "times": 1, "do": action})
        first = stage.apply(*kills.WAYS[way])
        log, wrong = stage.log(), []
        hit = [e for e in log if e["status"] in (None, 500) or (action == {"truncate": 3} and re.match(match.partition(" ")[2], e["path"]))]
        if not hit:
            wrong.append("the fault did not strike: %s" % [(e["method"], e["path"]) for e in log if e["method"] != "GET"])
        stage.control("reset", {})
        text = str(first)
        # A plain "500" is an answer: the run may end there, and say so. What is lost on the way is looked for in the same run.
        if first.code == 6 and action == {"after": "status 500"}:
            again = stage.apply(*kills.WAYS[way])
            text += "\nnext: %s" % again
            wrong += [] if again.code == 0 else ["the next apply: exit %s" % again.code]
        elif first.code != 0:
            wrong.append("the apply: exit %s" % first.code)
        wrong += kills.wrong(stage, wanted, log)
        return wrong + (["the runs: " + text] if wrong else [])
    return run


def one_look(stage):
    """A lost answer to a key's creation is settled by one look-up, and by nothing else."""
    kills.prepare(stage, "create")
    stage.back("create")
    stage.faults({"match": "POST /key/generate", "nth": 1, "times": 2, "do": {"after": "drop"}})
    ended = stage.apply()
    log = stage.log()
    wrong = [] if ended.code == 0 else [str(ended)]
    made = [e for e in log if e["path"] == "/key/generate"]
    looks = [e for e in log if e["path"].startswith("/key/info") or "key_alias=" in e["path"]]
    if len(made) != 2:
        wrong.append("2 keys, %d requests to make one" % len(made))
    if len(looks) != 2:
        wrong.append("2 lost answers, %d look-ups: %s" % (len(looks), [e["path"] for e in looks]))
    return wrong


def hang(stage, way, match):
    """A run that hangs in a write which never gets an answer; the write is under way when this returns."""
    kills.prepare(stage, way)
    stage.back(way)
    stage.faults({"match": match, "nth": 1, "times": 1, "do": {"slow_ms": 600000}})
    child = stage.start("apply", ENVIRONMENT, "--yes", *kills.WAYS[way])
    wait_for(lambda: stage.requests(match) or child.poll() is not None, "%s is under way" % match)
    return child


def restart(way, match):
    def run(stage):
        child = hang(stage, way, match)
        wanted, log = stage.ways[way], stage.log()
        stage.restart()
        first = stage.wait(child)
        wait_for(lambda: listens(stage), "the stand-in is back")
        text, wrong = str(first), []
        if first.code != 0:
            again = stage.apply(*kills.WAYS[way])
            text += "\nnext: %s" % again
            if first.code != 6 or again.code != 0:
                wrong.append("exit %s, then %s" % (first.code, again.code))
        wrong += kills.wrong(stage, wanted, log)
        return wrong + (["the runs: " + text] if wrong else [])
    return run


def listens(stage):
    try:
        return stage.call("GET", "/_sandbox/stats")[0] == 200
    except OSError:
        return False


def interrupt(way, match, number, times):
    """Ctrl-C while a write is under way: it comes to its end; the second time it does not. The next apply completes."""
    def run(stage):
        kills.prepare(stage, way)
        stage.back(way)
        slow = 2000 if times == 1 else 600000
        stage.faults({"match": match, "nth": number, "times": 1, "do": {"slow_ms": slow}})
        child = stage.start("apply", ENVIRONMENT, "--yes", *kills.WAYS[way])
        wait_for(lambda: len(stage.requests(match)) >= number or child.poll() is not None, "%s is under way" % match)
        for _ in range(times):
            child.send_signal(signal.SIGINT)
            wait_for(lambda: child.poll() is not None or signal_handled(child.pid), "the signal is taken")
        first = stage.wait(child)
        log, wrong = stage.log(), []
        if first.code not in (130, 6):
            wrong.append("exit %s" % first.code)
        if "nterrupted" not in first.text:
            wrong.append("it is not said that it was interrupted")
        total = len([e for e in stage.ways[way]["log"] if e["method"] != "GET"])
        # Keys come last: while one is being made, all else may be under way already, and comes to its end.
        last = way == "create" and "/key/" in match
        left = "not attempted" in first.text and len([e for e in log if e["method"] != "GET"]) < total
        if not left and not last:
            wrong.append("nothing was left out")
        # What is under way comes to its end, with all its calls, and is recorded; the second time it may stay open.
        if stage.state()["status"] not in (("interrupted",) if times == 1 else ("interrupted", "applying")):
            wrong.append("the state is %s" % stage.state()["status"])
        if stage.locked():
            wrong.append("the lock is still held")
        if times == 2:
            stage.restart()  # ends the request that hangs
            wait_for(lambda: listens(stage), "the stand-in is back")
        again = stage.apply(*kills.WAYS[way])
        wrong += [] if again.code == 0 else ["the next apply: exit %s" % again.code]
        wrong += kills.wrong(stage, stage.ways[way], log)
        return wrong + (["the runs: %s\nnext: %s" % (first, again)] if wrong else [])
    return run


def signal_handled(pid):
    """Whether no SIGINT waits to be delivered."""
    try:
        with open("/proc/%d/status" % pid, encoding="utf-8") as file:
            pending = [int(line.split()[1], 16) for line in file if line.startswith(("SigPnd", "ShdPnd"))]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return not any(mask & (1 << (signal.SIGINT - 1)) for mask in pending)


def cases():
    out = []
    for way, match, number, what in WRITES:
        for name, action in FAULTS.items():
            if action in ({"truncate": 3}, {"before": "drop"}) and what not in ONCE_MORE:
                continue
            out.append(Case("lost: %s: %s" % (what, name), lost(way, match, number, action)))
    old = "1.81.15"
    out += [Case("lost: %s: %s (%s)" % (what, name, old), lost(way, match, number, action), old)
            for way, match, number, what in WRITES for name, action in FAULTS.items() if action == {"after": "drop"}]
    out.append(Case("lost: the answer to a key's creation is settled by one look-up", one_look))
    out.append(Case("lost: the answer to a key's creation is settled by one look-up (%s)" % old, one_look, old))
    for way, match in (("create", "POST /model/new"), ("create", "POST /team/new"), ("create", "POST /key/generate"),
                       ("mixed", "POST /team/update"), ("mixed", "POST /key/generate"), ("delete", "POST /team/delete")):
        out.append(Case("restart: %s: the proxy dies during %s" % (way, match), restart(way, match)))
    for way, match, number in INTERRUPTED:
        for times in (1, 2):
            out.append(Case("interrupt: %s: Ctrl-C %s during %s %d" % (way, ("once", "twice")[times - 1], match, number),
                            interrupt(way, match, number, times)))
    return out
