"""One at a time, and only what was meant: locks, frozen environments, damaged states, stale plans."""
import hashlib
import json
import os
import re
import shutil
import signal

import kills
import scenes
from stage import ENVIRONMENT, merge, wait_for
from tap import Case

TEAM = "POST /team/new"


def stopped(stage):
    """An apply that stands still in the middle, with the lock: its write is under way, the process is stopped."""
    kills.prepare(stage, "create")
    stage.back("create")
    stage.faults({"match": TEAM, "nth": 1, "times": 1, "do": {"slow_ms": 1000}})
    child = stage.start("apply", ENVIRONMENT, "--yes")
    wait_for(lambda: stage.requests(TEAM) or child.poll() is not None, "the write is under way")
    child.send_signal(signal.SIGSTOP)
    return child


def two_at_once(stage):
    """The second is told who is at work, since when, and how to wait; one that waits has nothing left to do."""
    first, wrong = stopped(stage), []
    second = stage.apply()
    with open(stage.state_path("lock.json"), encoding="utf-8") as file:
        lock = json.load(file)
    if second.code != 7:
        wrong.append("the second: %s" % second)
    for what, word in (("who", lock["who"]), ("where", lock["host"]), ("since when", lock["since"]), ("how to wait", "--lock-timeout")):
        if word not in second.err:
            wrong.append("the second is not told %s (%s): %s" % (what, word, second.err))
    plan, ended = stage.plan()
    if ended.code != 2 or not plan["changes"]:
        wrong.append("a plan goes on meanwhile: %s" % ended)
    short = stage.apply("--lock-timeout", "1s")
    if short.code != 7:
        wrong.append("one that waits too short: %s" % short)
    third = stage.start("apply", ENVIRONMENT, "--yes", "--lock-timeout", "60s")
    wait_for(lambda: said(third, "waiting for the lock") or third.poll() is not None, "the third waits")
    first.send_signal(signal.SIGCONT)
    ends = [stage.wait(first), stage.wait(third)]
    if [end.code for end in ends] != [0, 0]:
        wrong.append("first: %s\nthird: %s" % tuple(ends))
    if "done." in ends[1].text:
        wrong.append("the third found something to do: %s" % ends[1])
    wrong += other_writes(stage)
    return wrong + kills.wrong(stage, stage.ways["create"])


def said(child, text):
    child.out.flush()
    position = os.lseek(child.out.fileno(), 0, os.SEEK_CUR)
    found = text.encode() in os.pread(child.out.fileno(), 1 << 20, 0)
    os.lseek(child.out.fileno(), position, os.SEEK_SET)
    return found


def race(stage):
    """Four applies started together: together they do what one does."""
    wanted, wrong = kills.prepare(stage, "create"), []
    stage.back("create")
    children = [stage.start("apply", ENVIRONMENT, "--yes", *more) for more in ((), (), ("--lock-timeout", "60s"), ("--lock-timeout", "60s"))]
    ends = [stage.wait(child) for child in children]
    codes = [end.code for end in ends]
    if any(code not in (0, 7) for code in codes[:2]) or codes[2:] != [0, 0]:
        wrong += [str(end) for end in ends]
    return wrong + other_writes(stage) + kills.wrong(stage, wanted, stage.log())


def other_writes(stage):
    """Whether the server was sent other writes than by one undisturbed run."""
    writes = sorted((e["method"], e["path"]) for e in stage.writes())
    wanted = sorted((e["method"], e["path"]) for e in stage.ways["create"]["log"] if e["method"] != "GET")
    return [] if writes == wanted else ["writes: %s" % writes]


def dead_holder(stage):
    """A lock whose holder was killed is no lock; the one who takes over says so."""
    first, wrong = stopped(stage), []
    first.kill()
    stage.wait(first)
    if not stage.locked():
        wrong.append("lock.json does not show the dead holder: the case proves nothing")
    plan, ended = stage.plan()
    if ended.code != 2 or not plan["changes"]:
        wrong.append("plan: %s" % ended)
    ended = stage.apply()
    if ended.code != 0 or "gone" not in ended.err:
        wrong.append("apply: %s" % ended)
    return wrong + kills.wrong(stage, stage.ways["create"])


def frozen(stage):
    """`lock`: plans go on, nobody applies, `unlock` ends it."""
    kills.prepare(stage, "create")
    stage.back("create")
    wrong, count = [], 0
    ended = stage.run("lock", ENVIRONMENT, "--reason", "release weekend")
    wrong += [] if ended.code == 0 else [str(ended)]
    ident = re.search(r"--id (\S+)", ended.text)
    plan, ended = stage.plan()
    wrong += [] if ended.code == 2 and plan["changes"] else ["plan: %s" % ended]
    ended = stage.apply()
    if ended.code != 7 or "release weekend" not in ended.err or "unlock" not in ended.err:
        wrong.append("apply: %s" % ended)
    ended = stage.apply("--lock-timeout", "1s")
    wrong += [] if ended.code == 7 else ["apply that waits: %s" % ended]
    count = len(stage.writes())
    wrong += ["%d writes while frozen" % count] if count else []
    ended = stage.run("unlock", ENVIRONMENT, "--id", ident.group(1) if ident else "?")
    wrong += [] if ended.code == 0 else ["unlock: %s" % ended]
    ended = stage.apply()
    wrong += [] if ended.code == 0 else ["apply after it: %s" % ended]
    return wrong + kills.wrong(stage, stage.ways["create"])


# ---------------------------------------------------------------- states

DECIMAL = "\ue000"


def loads(data):
    """Decimals become texts with a mark: as floats they would be printed in another way."""
    return json.loads(data, parse_float=lambda text: DECIMAL + text)


def dumps(state):
    text = json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return re.sub('"%s([^"]*)"' % DECIMAL, r"\1", text).encode()


def checksum(state):
    return hashlib.sha256(dumps(state | {"checksum": "0" * 64})).hexdigest()


def changed(**members):
    """Another value of members of the state, with a checksum that is right."""
    def change(data):
        state = loads(data)
        if dumps(state) + b"\n" != data or checksum(state) != state["checksum"]:
            raise ValueError("the state is not canonical, or its checksum not as state/README.md tells")
        state |= members
        return dumps(state | {"checksum": checksum(state)}) + b"\n"
    return change


#: What happens to the file, and the diagnostic.
DAMAGES = {
    "cut off": (lambda data: data[:len(data) // 2], "LF402"),
    "empty": (lambda data: b"", "LF402"),
    "no JSON": (lambda data: b"<html></html>\n", "LF402"),
    "another value than its checksum was made for": (lambda data: data.replace(b"internal_user_viewer", b"internal_user_editor", 1), "LF402"),
    "of another environment": (changed(environment="prod"), "LF404"),
    "of a newer format": (changed(format=2), "LF403"),
    "of another lineage": (changed(lineage="00000000-0000-4000-8000-000000000000"), "LF405"),
    "an older one put back": (changed(serial=0), "LF413"),
    "random bytes": (lambda data: bytes((b * 7 + 13) % 256 for b in data), "LF402"),
}


def damaged(name):
    change, code = DAMAGES[name]

    def run(stage):
        kills.prepare(stage, "mixed")
        stage.back("mixed")
        wrong, path = [], stage.state_path("state.json")
        with open(path, "rb") as file:
            whole = file.read()
        broken = change(whole)
        if broken == whole:
            wrong.append("nothing was damaged")
        with open(path, "wb") as file:
            file.write(broken)
        ended = stage.apply(*scenes.ALLOW)
        if ended.code != 1 or code not in ended.err:
            wrong.append("apply, expected exit 1 and %s: %s" % (code, ended))
        if code not in ("LF405", "LF413"):  # only the lock tells; a plan takes none
            ended = stage.run("plan", ENVIRONMENT)
            if ended.code != 1 or code not in ended.err:
                wrong.append("plan, expected exit 1 and %s: %s" % (code, ended))
        if stage.writes():
            wrong.append("written: %s" % stage.writes())
        with open(path, "rb") as file:
            if file.read() != broken:
                wrong.append("the damaged file was overwritten")
        if stage.locked():
            wrong.append("the lock is still held")
        with open(path, "wb") as file:
            file.write(whole)
        ended = stage.apply(*scenes.ALLOW)
        wrong += [] if ended.code == 0 else ["put back: %s" % ended]
        return wrong + kills.wrong(stage, stage.ways["mixed"])
    return run


def state_gone(stage):
    """The file is gone, the lock knows of it: refused; nothing is taken for new."""
    kills.prepare(stage, "mixed")
    stage.back("mixed")
    os.remove(stage.state_path("state.json"))
    ended = stage.apply(*scenes.ALLOW)
    wrong = [] if ended.code == 1 and "LF414" in ended.err else ["apply: %s" % ended]
    return wrong + ["written: %s" % e for e in stage.writes()]


def all_state_gone(stage):
    """The whole folder is gone: a new state is refused until it takes over; then nothing is made twice or deleted."""
    wanted = kills.prepare(stage, "create")
    stage.back("create")
    first = stage.apply()
    wrong = [] if first.code == 0 else [str(first)]
    folder, kept = os.path.join(stage.work, "state"), os.path.join(stage.work, "state.kept")
    os.rename(folder, kept)
    rows = stage.snapshot()
    stage.control("reset", {})
    refused = stage.apply()
    wrong += [] if refused.code == 5 and "LF311" in refused.out and "init stage --take-over" in refused.out else ["apply: %s" % refused]
    wrong += ["written: %s" % e for e in stage.writes()]
    taken = stage.run("init", "stage", "--take-over")
    wrong += [] if taken.code == 0 and "taken over" in taken.out else ["init: %s" % taken]
    ended = stage.apply()
    wrong += [] if ended.code == 0 else ["apply: %s" % ended]
    plan, again = stage.plan()
    wrong += [] if again.code == 0 and not plan["changes"] else ["the plan is not empty: %s" % plan["changes"]]
    wrong += ["%s %s" % (e["method"], e["path"]) for e in stage.writes() if re.search(r"new$|generate$|delete", e["path"])]
    if stage.snapshot() != rows or rows != wanted["rows"]:
        wrong.append("the rows differ")
    shutil.rmtree(folder)
    os.rename(kept, folder)
    stage.control("reset", {})
    old = stage.apply()  # the state that was given up, had it lived after all
    wrong += [] if old.code == 5 and "LF311" in old.out else ["apply with the old state: %s" % old]
    return wrong + ["written with the old state: %s" % e for e in stage.writes()]


def before_rotation(stage):
    """A state from before a rotation, while the old key still lives: the new key is known by its value, and stays."""
    kills.prepare(stage, "mixed")
    stage.back("mixed")
    spec = scenes.after()
    spec["keys"]["fixed"]["grace"] = "1d"
    stage.write(spec)
    folder, kept = os.path.join(stage.work, "state"), os.path.join(stage.work, "state.kept")
    shutil.copytree(folder, kept)
    first = stage.apply(*scenes.ALLOW)
    wrong = [] if first.code == 0 else ["apply: %s" % first]
    value = hashlib.sha256(scenes.VARIABLES["STAGE_KEY_NEXT"].encode()).hexdigest()
    alias = lambda: {row["token"]: row["key_alias"] for row in stage.rows()["LiteLLM_VerificationToken"]}
    if alias().get(value) != "fixed" or not any(text.startswith("fixed~") for text in alias().values()):
        wrong.append("the case proves nothing: %s" % alias())
    shutil.rmtree(folder)
    os.rename(kept, folder)
    stage.control("reset", {})
    again = stage.apply(*scenes.ALLOW)
    wrong += [] if again.code == 0 else ["apply with the old state: %s" % again]
    if any(e["path"] == "/key/delete" and value in e["body"]["keys"] for e in stage.log()) or alias().get(value) != "fixed":
        wrong.append("the new key is gone: %s" % again)
    plan, ended = stage.plan()
    return wrong + ([] if ended.code == 0 and not plan["changes"] else ["the plan is not empty: %s" % plan["changes"]])


# ---------------------------------------------------------------- plans that are stale

def edit(stage):
    ident = stage.state()["objects"]["team/core"]["id"]
    stage.must("POST", "/team/update", {"team_id": ident, "max_budget": 4444})


def stale_file(stage):
    """Somebody edits after `plan -o FILE`: exit 8, what moved, nothing written."""
    kills.prepare(stage, "mixed")
    stage.back("mixed")
    file, wrong = os.path.join(stage.work, "kept.plan"), []
    ended = stage.run("plan", ENVIRONMENT, "-o", file, *scenes.ALLOW)
    wrong += [] if ended.code == 0 else ["plan -o: %s" % ended]
    edit(stage)
    count = len(stage.writes())
    ended = stage.run("apply", file)
    if ended.code != 8 or not re.search(r"moved: .*team/core", ended.text):
        wrong.append("apply FILE: %s" % ended)
    wrong += ["written: %s" % e for e in stage.writes()[count:]]
    stage.back("mixed")
    stage.run("plan", ENVIRONMENT, "-o", file, *scenes.ALLOW)
    ended = stage.run("apply", file)
    wrong += [] if ended.code == 0 else ["apply FILE, nothing moved: %s" % ended]
    wrong += kills.wrong(stage, stage.ways["mixed"])
    count = len(stage.writes())
    ended = stage.run("apply", file)
    if ended.code != 8 or "already" not in ended.err:
        wrong.append("apply FILE a second time: %s" % ended)
    return wrong + ["written: %s" % e for e in stage.writes()[count:]]


def stale_after_another(stage):
    """Two plan files, one applied: the other is stale."""
    kills.prepare(stage, "mixed")
    stage.back("mixed")
    files = [os.path.join(stage.work, name) for name in ("one.plan", "two.plan")]
    for file, more in zip(files, ((), ("--only", "team/*"))):
        stage.run("plan", ENVIRONMENT, "-o", file, *more, *scenes.ALLOW)
    ended = stage.run("apply", files[1])
    wrong = [] if ended.code == 0 else ["the first: %s" % ended]
    count = len(stage.writes())
    ended = stage.run("apply", files[0])
    wrong += [] if ended.code == 8 else ["the second: %s" % ended]
    return wrong + ["written: %s" % e for e in stage.writes()[count:]]


def broken_file(stage):
    """A plan file in which somebody changed a value is refused."""
    kills.prepare(stage, "mixed")
    stage.back("mixed")
    file = os.path.join(stage.work, "kept.plan")
    stage.run("plan", ENVIRONMENT, "-o", file, *scenes.ALLOW)
    with open(file, encoding="utf-8") as text:
        plan = text.read()
    with open(file, "w", encoding="utf-8") as text:
        text.write(plan.replace("600", "6000", 1))
    ended = stage.run("apply", file)
    wrong = [] if ended.code == 1 and "digest" in ended.err and "600" in plan else ["apply FILE: %s" % ended]
    with open(file, "w", encoding="utf-8") as text:
        text.write(plan[:len(plan) // 2])
    ended = stage.run("apply", file)
    wrong += [] if ended.code == 1 else ["half a file: %s" % ended]
    return wrong + ["written: %s" % e for e in stage.writes()]


def stale_fingerprint(stage):
    """apply --plan FINGERPRINT: only if the same plan comes out again."""
    kills.prepare(stage, "mixed")
    stage.back("mixed")
    plan, _ = stage.plan(*scenes.ALLOW)
    edit(stage)
    count = len(stage.writes())
    ended = stage.run("apply", ENVIRONMENT, "--plan", plan["fingerprint"], *scenes.ALLOW)
    wrong = [] if ended.code == 8 and plan["fingerprint"] in ended.text else ["apply --plan: %s" % ended]
    wrong += ["written: %s" % e for e in stage.writes()[count:]]
    again, _ = stage.plan(*scenes.ALLOW)
    if again["fingerprint"] == plan["fingerprint"]:
        wrong.append("an edit does not change the fingerprint")
    ended = stage.run("apply", ENVIRONMENT, "--plan", again["fingerprint"], *scenes.ALLOW)
    wrong += [] if ended.code == 0 else ["apply with the new one: %s" % ended]
    return wrong + kills.wrong(stage, stage.ways["mixed"])


def spec_moved(stage):
    """The spec is edited after `plan -o FILE`."""
    kills.prepare(stage, "mixed")
    stage.back("mixed")
    file = os.path.join(stage.work, "kept.plan")
    stage.run("plan", ENVIRONMENT, "-o", file, *scenes.ALLOW)
    spec = scenes.after()
    merge(spec, {"teams": {"core": {"max_budget": 601}}})
    stage.write(spec)
    ended = stage.run("apply", file)
    wrong = [] if ended.code == 8 else ["apply FILE: %s" % ended]
    return wrong + ["written: %s" % e for e in stage.writes()]


def cases():
    out = [Case("once: two applies, one waits", two_at_once), Case("once: four applies started together", race),
           Case("once: the lock of a process that was killed", dead_holder), Case("once: a frozen environment", frozen)]
    out += [Case("state: %s" % name, damaged(name)) for name in DAMAGES]
    out += [Case("state: the file is gone", state_gone), Case("state: all of it is gone", all_state_gone),
            Case("state: one from before a rotation", before_rotation)]
    out += [Case("stale: a plan file, and somebody edits; applied twice", stale_file), Case("stale: two plan files", stale_after_another),
            Case("stale: a plan file that was changed", broken_file), Case("stale: a fingerprint", stale_fingerprint),
            Case("stale: the spec was edited", spec_moved)]
    return out
