"""Many changes and a kill in their midst: what the journal then holds, and how many parts it has."""
import glob
import hashlib
import json

import kills
from stage import ENVIRONMENT
from tap import Case

USERS, KEYS, WINDOW = 70, 40, 10
MAKES_USER, MAKES_KEY = "POST /user/new", "POST /key/generate"


def spec():
    """Users, and keys of some of them whose values are made by the program."""
    users = {"u%02d@example.com" % n: {"role": "internal_user"} for n in range(USERS)}
    keys = {"k%02d" % n: {"user": "u%02d@example.com" % n, "models": "all", "store": {"file": "~/stores/k%02d" % n}} for n in range(KEYS)}
    return {"users": users, "keys": keys}


def parts(stage):
    found = []
    for path in sorted(glob.glob(stage.state_path("journal", "*.json"))):
        with open(path, encoding="utf-8") as file:
            found.append(json.load(file))
    return found


def unnoted(stage, entries):
    """What was sent although no intent of it, and no value in its store, is there."""
    found, stores = [], stage.stores()
    noted = {entry["address"]: entry["id"] for entry in entries}
    for entry in stage.requests(MAKES_USER):
        if "user/" + entry["body"]["user_email"] not in noted:
            found.append("%s was made, its intent is not in the journal" % entry["body"]["user_email"])
    for entry in stage.requests(MAKES_KEY):
        alias = entry["body"]["key_alias"]
        if alias not in stores:
            found.append("key %s was made, its store has no value" % alias)
        elif noted.get("key/" + alias) != hashlib.sha256(stores[alias].encode()).hexdigest():
            found.append("key %s was made, its intent with that value is not in the journal" % alias)
    return found


def killed_at(share):
    """Killed before the request that stands at this share of all."""
    def run(stage):
        stage.clear()
        stage.write(spec())
        number = int((USERS + KEYS) * share)
        ended = stage.killed(number, "before", "apply", ENVIRONMENT, "--yes")
        if ended.code != -9:
            return ["not killed: %s" % ended]
        log, journal = stage.log(), parts(stage)
        entries = [entry for part in journal for entry in part["entries"]]
        made = len(stage.requests(MAKES_USER)) + len(stage.requests(MAKES_KEY))
        found = unnoted(stage, entries)
        if made == 0:
            found.append("nothing was made before the kill")
        most = made // WINDOW + 2
        if not 1 <= len(journal) <= most:
            found.append("%d parts of the journal for %d changes, at most %d expected" % (len(journal), made, most))
        again = stage.apply()
        if again.code != 0 or "LF410" not in again.text:
            found.append("the next apply: %s" % again)
        plan, ended = stage.plan()
        if ended.code != 0 or plan["changes"]:
            found.append("the plan is not empty: %s" % ended)
        if len(stage.stores()) != KEYS or len(stage.objects()) != USERS + KEYS:
            found.append("%d stores and %d objects in the state" % (len(stage.stores()), len(stage.objects())))
        return found + kills.twice(log + stage.log())
    return run


def cases():
    return [Case("many: killed at %d%% of the requests" % (share * 100), killed_at(share)) for share in (0.2, 0.5, 0.8, 1.0)]
