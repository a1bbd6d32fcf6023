"""SIGKILL before and after every request of a run, for three ways: the next apply ends where an undisturbed one ends."""
import scenes
from stage import ENVIRONMENT, difference
from tap import Case

#: The ways: what is there before (made once on each stage and then brought back), and how the way is gone.
WAYS = {"create": (), "mixed": scenes.ALLOW, "delete": scenes.ALLOW + ("--allow-empty",)}


def prepare(stage, way):
    """The start of a way, remembered under its name; the end of an undisturbed run with its requests."""
    done = stage.__dict__.setdefault("ways", {})
    if way in done:
        return done[way]
    stage.clear()
    if way == "create":
        stage.write(scenes.whole())
    elif way == "mixed":
        stage.write(scenes.before())
        must(stage.apply(), "the start of the way is made")
        scenes.outside(stage)
        stage.write(scenes.after())
    else:
        stage.write(scenes.whole())
        must(stage.apply(), "the start of the way is made")
        stage.write(scenes.nothing())
    stage.keep(way)
    stage.back(way)
    must(stage.apply(*WAYS[way]), "an undisturbed run")
    log = stage.log()
    plan, ended = stage.plan()
    must(ended, "the plan after an undisturbed run", plan["changes"])
    done[way] = {"rows": stage.snapshot(), "objects": stage.objects(), "log": log, "stores": sorted(stage.stores())}
    return done[way]


def must(ended, what, changes=()):
    if ended.code != 0 or changes:
        raise RuntimeError("%s: %s" % (what, ended))


def wrong(stage, wanted, first=None):
    """What differs from the end of an undisturbed run, after everything: texts, none when all is well."""
    found = difference(wanted["rows"], stage.snapshot(), "rows")
    found += difference(wanted["objects"], stage.objects(), "state")
    found += difference(wanted["stores"], sorted(stage.stores()), "stores")
    plan, ended = stage.plan()
    if ended.code != 0 or plan["changes"]:
        found.append("the plan is not empty: %s %s" % ([(c["address"], c["action"], c["reason"]) for c in plan["changes"] or ()], ended.err))
    if plan["findings"] and any(f.get("level") == "error" for f in plan["findings"]):
        found.append("the plan has errors: %s" % plan["findings"])
    if stage.locked():
        found.append("the lock is still held")
    if stage.state()["status"] != "clean":
        found.append("the state is %s" % stage.state()["status"])
    values = stage.stores().values()
    if any(not value.startswith("sk-") or len(value) < 40 for value in values):
        found.append("a store does not hold a whole value")
    if first is not None:
        found += twice(first + stage.log())
    return found


def twice(log):
    """What was made twice: keys of different values under one alias, whatever became of them."""
    values, found = {}, []
    for entry in log:
        if entry["path"] == "/key/generate" and entry["status"] == 200:
            values.setdefault(entry["body"]["key_alias"], set()).add(entry["body"]["key"])
    for alias, different in values.items():
        if len(different) > 1:
            found.append("key %s was made with %d different values" % (alias, len(different)))
    return found


def point(stage, way, number, when):
    """One kill; (reached, what is wrong)."""
    wanted = prepare(stage, way)
    stage.back(way)
    ended = stage.killed(number, when, "apply", ENVIRONMENT, "--yes", *WAYS[way])
    log = stage.log()
    if ended.code != -9:
        return False, [] if ended.code == 0 else ["exit %s although not killed: %s" % (ended.code, ended)]
    stage.control("reset", {})
    again = stage.apply(*WAYS[way])
    found = [] if again.code == 0 else ["the next apply: %s" % again]
    found += wrong(stage, wanted, log)
    if found:
        found.append("killed run: %s\nnext: %s" % (ended, again))
    return True, found


PARTS = 8  # of a way: so many cases share its requests


def part(way, first):
    """The kills before and after every PARTS-th request, from `first` on."""
    def run(stage):
        log, found = prepare(stage, way)["log"], []
        if len(log) < 2 * PARTS:
            found.append("an undisturbed run makes only %d requests" % len(log))
        for number in range(first, len(log) + 1, PARTS):
            for when in ("before", "after"):
                reached, wrong_here = point(stage, way, number, when)
                if not reached:
                    wrong_here.insert(0, "not killed")
                if wrong_here:
                    found += ["%s request %d of %d (%s %s in an undisturbed run):" % (
                        when, number, len(log), log[number - 1]["method"], log[number - 1]["path"])] + wrong_here
        return found
    return run


def cases():
    return [Case("kill: %s: around requests %d, %d, ..." % (way, first, first + PARTS), part(way, first))
            for first in range(1, PARTS + 1) for way in WAYS]
