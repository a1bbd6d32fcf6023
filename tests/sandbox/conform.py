#!/usr/bin/python3
"""Compare two servers that speak LiteLLM's management API, call by call.

  conform.py --a URL --b URL [--master-key KEY] [--only TEXT] [--known FILE] [--dump FILE]
      runs the calls of conform_calls.py against both and reports where status, shape or values differ
  conform.py --url URL --recorded FILE [--master-key KEY]
      replays a recorded file (one JSON object a line) and compares status codes; calls that need what the recording
      did not make itself are left out
Answers are made comparable first: ids, times, tokens and the numbers of the cost map are replaced, keys are sorted.
Output is TAP; the last line is `N passed, N failed`. Exit code 1 when anything differs.
"""
import argparse
import datetime
import http.client
import json
import os
import re
import sys
import urllib.parse

from conform_calls import CALLS

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
HEX = re.compile(r"\b[0-9a-f]{64}\b")
HEX32 = re.compile(r"\b[0-9a-f]{32}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?")
DATETIME = re.compile(r"datetime\.datetime\([^()]*(?:\([^()]*\))?[^()]*\)")
SERVER_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{22}\b")
CALL_ID = re.compile(r"\bchatcmpl-[A-Za-z0-9-]+")
HOST = re.compile(r"http://(?:127\.0\.0\.1|localhost):\d+")
CIPHER = re.compile(r"^[A-Za-z0-9_-]{50,}={0,2}$")
# what the cost map fills in: the stand-in knows a handful of models, so only the names are compared where both have them
COST = re.compile(r"cost|max_.*tokens|^supports_|_per_|^mode$|^litellm_provider$|^key$|^max_tokens$|^supported_openai_params$|token_details|regional|"
                  r"^tpm$|^rpm$|search_context|output_vector|prompt_cache|off_peak|tiered|citation|annotation|uplift|provider_specific|ocr")


class Client:
    """One keep-alive connection to one server."""

    def __init__(self, url, master):
        parts = urllib.parse.urlsplit(url)
        self.conn = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)
        self.master = master

    def call(self, method, path, body, key):
        headers = {}
        if key != "":
            headers["Authorization"] = "Bearer " + (key or self.master)
        data = None
        if body is not None:
            data = body if isinstance(body, str) else json.dumps(body)
            headers["Content-Type"] = "application/json"
        self.conn.request(method, path, data, headers)
        answer = self.conn.getresponse()
        text = answer.read().decode("utf-8", "replace")
        if answer.status == 500:
            self.conn.close()       # a proxy drops the connection after an error that nobody caught, without saying so
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text


def substitute(value, names):
    """Fill `{name}` in strings; other braces stay."""
    if isinstance(value, str):
        return re.sub(r"\{([a-z0-9]+)\}", lambda m: names.get(m.group(1), m.group(0)), value)
    if isinstance(value, list):
        return [substitute(v, names) for v in value]
    if isinstance(value, dict):
        return {k: substitute(v, names) for k, v in value.items()}
    return value


def dig(value, path):
    for part in filter(None, path.split(".")):
        if isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


def put(value, path, new):
    """A copy of value in which the thing at path is `new`."""
    if not path:
        return new
    head, _, rest = path.partition(".")
    copy = dict(value)
    copy[head] = put(value[head], rest, new)
    return copy


class Normaliser:
    def __init__(self, names, options):
        self.prefix = names["p"]
        self.skip = set(options.get("skip", ()))
        self.sets = {"team_memberships", "updated_team_memberships", "teams", "keys", *options.get("sets", ())}
        self.started = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)

    def time(self, match):
        """Now is <now>; another time keeps its hour, so that windows and expiries are compared."""
        text = match.group(0).replace(" ", "T").replace("Z", "").replace("+00:00", "")
        try:
            when = datetime.datetime.fromisoformat(text.split(".")[0])
        except ValueError:
            return "<time>"
        away = (when - self.started).total_seconds()
        if abs(away) < 900:
            return "<now>"
        kind = "Z" if match.group(0).endswith("Z") else "+00:00" if match.group(0).endswith("+00:00") else ""
        rounded = when + datetime.timedelta(minutes=30)
        return "<%s%s>" % (rounded.strftime("%Y-%m-%dT%H"), kind)

    def text(self, value):
        value = value.replace(self.prefix, "P").replace(self.prefix.upper(), "P")
        value = DATETIME.sub("<datetime>", value)
        value = TIME.sub(self.time, value)
        value = SERVER_KEY.sub("<key>", UUID.sub("<uuid>", HEX.sub("<hash>", HEX32.sub("<hex>", value))))
        value = CALL_ID.sub("<id>", HOST.sub("<url>", value))
        return "<cipher>" if CIPHER.match(value) else value

    def value(self, value, within=""):
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            items = [self.value(v, within) for v in value]
            if within in self.sets:
                items.sort(key=lambda v: json.dumps(v, sort_keys=True))
            return items
        if isinstance(value, dict):
            return self.mapping(value)
        return value

    def mapping(self, value):
        out = {}
        cost_map = "db_model" in value
        for key, item in value.items():
            if key in self.skip or (cost_map and (COST.search(key) or key == "access_via_team_ids")):
                continue
            if key in ("id", "model_id") and isinstance(item, int):
                item = "<number>"
            out[self.text(key)] = self.value(item, key)
        return dict(sorted(out.items()))


def order(item):
    """A picked list is compared in the order of its ids."""
    info = item.get("model_info") or item
    if info.get("user_id") and not info.get("team_id"):
        return str([info.get("user_alias"), info.get("user_email"), "" if UUID.match(info["user_id"]) else info["user_id"]])
    team = info.get("team_id")
    if team and UUID.match(team):
        team = info.get("team_alias")
    return str(info.get("id") or team or info.get("user_id") or info.get("budget_id") or info.get("key_alias") or info.get("credential_name"))


def comparable(answer, options, names):
    status, body = answer
    if options.get("status"):
        return status, None
    if "pick" in options and status == 200:
        items = dig(body, options["pick"])
        if isinstance(items, list):
            chosen = [i for i in items if names["p"] in json.dumps(i) and not (isinstance(i, dict) and i.get("user_id") == "default_user_id")]
            body = put(body, options["pick"], sorted(chosen, key=order))
    return status, Normaliser(names, options).value(body)


def differences(a, b, path=""):
    """Lines that tell where two normalised values differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        out = []
        for key in sorted(set(a) | set(b)):
            where = path + "." + key if path else key
            if key not in a:
                out.append("%s: only in b: %s" % (where, short(b[key])))
            elif key not in b:
                out.append("%s: only in a: %s" % (where, short(a[key])))
            else:
                out += differences(a[key], b[key], where)
        return out
    if isinstance(a, list) and isinstance(b, list):
        out = []
        if len(a) != len(b):
            out.append("%s: %d items in a, %d in b: %s | %s" % (path, len(a), len(b), short(a), short(b)))
        for i, (x, y) in enumerate(zip(a, b)):
            out += differences(x, y, "%s[%d]" % (path, i))
        return out
    if a != b or isinstance(a, bool) != isinstance(b, bool):
        return ["%s: %s | %s" % (path, short(a), short(b))]
    return []


def short(value):
    text = json.dumps(value)
    return text if len(text) < 300 else text[:300] + "..."


def run_call(client, call, names):
    """Carry out one call; gives the raw answer and notes what is to be captured."""
    name, method, path, body, options = call
    key = substitute(options.get("key"), names)
    answer = client.call(method, substitute(path, names), substitute(body, names), key)
    for variable, where in options.get("cap", {}).items():
        found = dig(answer[1], where)
        names[variable] = found if isinstance(found, str) else "missing-" + variable
    return answer


class Tap:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def report(self, name, problems, skip=None):
        number = self.passed + self.failed + self.skipped + 1
        if skip:
            self.skipped += 1
            print("ok %d - %s # SKIP %s" % (number, name, skip))
        elif problems:
            self.failed += 1
            print("not ok %d - %s" % (number, name))
            for line in problems:
                print("  # " + line)
        else:
            self.passed += 1
            print("ok %d - %s" % (number, name))

    def close(self):
        print("1..%d" % (self.passed + self.failed + self.skipped))
        print("%d passed, %d failed%s" % (self.passed, self.failed, ", %d skipped" % self.skipped if self.skipped else ""))
        return 1 if self.failed or not self.passed else 0


def read_known(path):
    """Known differences: lines `call name | start of the difference | reason`."""
    known = []
    if path:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                parts = [p.strip() for p in line.split("|")]
                if len(parts) >= 3 and not line.startswith("#"):
                    known.append((parts[0], parts[1]))
    return known


def is_known(known, name, line):
    return any(re.fullmatch(call, name) and re.match(start, line) for call, start in known)


def compare(args):
    prefix = "cf" + os.urandom(3).hex()
    sides = [(Client(u, args.master_key), {"p": prefix, "master": args.master_key}) for u in (args.a, args.b)]
    known, tap, dump = read_known(args.known), Tap(), []
    for call in CALLS:
        name, options = call[0], call[4]
        raw = [run_call(client, call, names) for client, names in sides]
        answers = [comparable(r, options, names) for r, (_, names) in zip(raw, sides)]
        dump.append({"name": name, "method": call[1], "path": call[2], "body": call[3], "a": raw[0], "b": raw[1]})
        if args.only and args.only not in name:
            continue
        problems = []
        if answers[0][0] != answers[1][0]:
            problems.append("status: %s | %s (%s | %s)" % (answers[0][0], answers[1][0], short(raw[0][1]), short(raw[1][1])))
        else:
            problems = differences(answers[0][1], answers[1][1])
        tap.report(name, [p for p in problems if not is_known(known, name, p)])
    if args.dump:
        with open(args.dump, "w", encoding="utf-8") as out:
            json.dump(dump, out)
    return tap.close()


GENERATED = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|/[0-9a-f]{64}/update")


ABSENT = re.compile(r"/(organization|config|get/|spend|global|customer|tag|provider|sso|onboarding|user/(daily|available)|team/(daily|available)|"
                    r"model_group|key/[^/]+/reset_spend|health/(latest|history))")
FROM_ELSEWHERE = ("/team/model/add", "/team/model/delete", "/budget/new")


def needs_other(entry, text, earlier):
    """A call that meets an object of which no earlier call speaks."""
    if entry["path"] not in FROM_ELSEWHERE or (entry["path"] == "/budget/new" and entry["status"] != 400):
        return False
    wanted = re.search(r'"(?:team_id|budget_id)": "([^"]+)"', text)
    return bool(wanted) and not any(wanted.group(1) in json.dumps(e.get("body")) for e in earlier)


def replay_skip(entry, earlier):
    """Why a recorded call cannot be replayed: it needs an object, a key or a setting that the recording does not hold."""
    text = entry["path"] + json.dumps(entry.get("body"))
    if GENERATED.search(text):
        return "an id that the recorded server chose"
    if (entry.get("note") or "") in ("wrong key", "not sk", "no key", "bad key"):
        return "made with another key"
    if (entry.get("note") or "") == "config model only":
        return "needs a configuration file"
    if earlier and earlier[-1]["path"] == "/key/generate" and entry.get("body") == earlier[-1].get("body"):
        return "made in parallel"
    if needs_other(entry, text, earlier):
        return "needs an object that the recording did not make"
    if ABSENT.match(entry["path"]):
        return "not part of the stand-in"
    return None


def replay(args):
    client, tap = Client(args.url, args.master_key), Tap()
    with open(args.recorded, encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    for number, entry in enumerate(entries):
        name = "%s %s%s" % (entry["method"], entry["path"][:60], " (%s)" % entry["note"] if entry.get("note") else "")
        skip = replay_skip(entry, [e for e in entries[:number] if e["path"] not in FROM_ELSEWHERE])
        if skip:
            tap.report(name, [], skip)
            continue
        status, body = client.call(entry["method"], entry["path"], entry.get("body"), None)
        wrong = status != entry["status"]
        tap.report(name, ["recorded %d, answered %d: %s" % (entry["status"], status, short(body))] if wrong else [])
    return tap.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--a")
    parser.add_argument("--b")
    parser.add_argument("--url")
    parser.add_argument("--recorded")
    parser.add_argument("--known")
    parser.add_argument("--dump")
    parser.add_argument("--only")
    parser.add_argument("--master-key", default=os.environ.get("LITELLM_MASTER_KEY", "sk-1234"))
    args = parser.parse_args()
    if args.a and args.b:
        return compare(args)
    if args.url and args.recorded:
        return replay(args)
    parser.error("give --a and --b, or --url and --recorded")


if __name__ == "__main__":
    sys.exit(main())
