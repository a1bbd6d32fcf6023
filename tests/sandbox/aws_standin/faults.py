"""Faults on demand: which requests they meet, and what then happens."""
import asyncio
import fnmatch
import os
import signal

from . import errors
from .http1 import Response

MARKUP = b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
GARBAGE = {"html": (MARKUP, "text/html"), "notxml": (b"<ListBucketResult><Contents>", "application/xml"), "notjson": (b'{"SecretString": ', "application/json"),
           "empty": (b"", "application/xml")}
ACTIONS = {"slow_ms", "slow_after_ms", "hold", "hold_after", "before", "after", "pid", "error", "message", "status", "body", "headers", "retry_after", "truncate",
           "trickle", "garbage", "flip", "ignore_conditions", "expire_token"}
MATCHES = {"service", "method", "bucket", "key", "action", "principal", "header"}


class Rule:
    """`match` is "METHOD glob" (the glob over bucket/key, or over the path of other services) or an object of globs."""

    def __init__(self, spec):
        unknown = set(spec) - {"match", "nth", "times", "do"} | set(spec["do"]) - ACTIONS
        match = spec.get("match", "* *")
        if isinstance(match, str):
            method, _, path = match.partition(" ")
            self.globs, self.path = {"method": method}, path or "*"
        else:
            unknown |= set(match) - MATCHES
            self.globs, self.path = match, "*"
        if unknown:
            raise ValueError("unknown: " + ", ".join(sorted(unknown)))
        self.nth = spec.get("nth", "every")
        self.left = spec.get("times", 1 if self.nth != "every" else -1)
        self.action, self.seen = spec["do"], 0

    def hits(self, entry, headers):
        if self.left == 0:
            return False
        for name, glob in self.globs.items():
            if name == "header":
                if glob.lower() not in headers:
                    return False
            elif not fnmatch.fnmatchcase(str(entry.get(name) or ""), glob):
                return False
        if not fnmatch.fnmatchcase(entry["object"], self.path):
            return False
        self.seen += 1
        if self.nth != "every" and self.seen < int(self.nth):
            return False
        self.left -= 1
        return True


class Holds:
    """Requests that wait until a test lets them go."""

    def __init__(self):
        self.waiting, self.changed = {}, asyncio.Event()

    async def wait(self, name, entry):
        future = asyncio.get_running_loop().create_future()
        self.waiting.setdefault(name, []).append((entry, future))
        self.changed.set()
        await future

    def names(self):
        return {name: [entry["n"] for entry, _ in waiting] for name, waiting in self.waiting.items() if waiting}

    def release(self, name=None, count=None):
        """Let the longest waiting go first; the number that went."""
        gone = 0
        for one in [name] if name else list(self.waiting):
            waiting = self.waiting.get(one, [])
            now, self.waiting[one] = waiting[:count], waiting[count:] if count else []
            for _, future in now:
                if not future.done():
                    future.set_result(None)
            gone += len(now)
        return gone

    async def until_held(self, name, count, wait_s):
        """Wait until `count` requests are held under that name, at most wait_s."""
        deadline = asyncio.get_running_loop().time() + wait_s
        while len(self.waiting.get(name, ())) < count:
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), deadline - asyncio.get_running_loop().time())
            except asyncio.TimeoutError:
                break
        return self.names()


def shoot(pid):
    """SIGKILL, as the test asked; never anything but one ordinary process."""
    if isinstance(pid, int) and pid > 1 and pid != os.getpid():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def dropped():
    response = Response(500)
    response.drop = True
    return response


class Faults:
    def __init__(self, app, latency_ms=0):
        self.app, self.latency = app, latency_ms / 1000
        self.rules, self.kills, self.holds = [], [], Holds()

    def reset(self):
        self.rules, self.kills = [], []
        self.holds.release()

    async def around(self, request, entry, carry_out):
        """Apply what is due, and carry the request out unless a fault says otherwise. `carry_out(ignore_conditions)` does not wait."""
        if self.latency:
            await asyncio.sleep(self.latency)
        kills = [k for k in self.kills if k["at"] == entry["n"]]
        before = [k for k in kills if k["when"] == "before"]
        for kill in before:
            shoot(kill["pid"])
        if before:
            return dropped()
        rule = next((r for r in self.rules if r.hits(entry, request.headers)), None)
        if rule:
            entry["fault"] = rule.action
            response = await self.apply(rule.action, request, entry, carry_out)
        else:
            response = carry_out(False)
        for kill in kills:
            shoot(kill["pid"])
        return response

    async def apply(self, action, request, entry, carry_out):
        if "slow_ms" in action:
            await asyncio.sleep(action["slow_ms"] / 1000)
        if "hold" in action:
            await self.holds.wait(action["hold"], entry)
        if action.get("expire_token"):
            self.app.iam.expire(entry.get("access_key"))
        before = action.get("before")
        if before == "kill":
            shoot(action.get("pid"))
        if before:
            return dropped()
        instead = self.instead(action, request, entry)
        response = instead or carry_out(bool(action.get("ignore_conditions")))
        if "slow_after_ms" in action:
            await asyncio.sleep(action["slow_after_ms"] / 1000)
        if "hold_after" in action:
            await self.holds.wait(action["hold_after"], entry)
        return self.afterwards(action, request, entry, response)

    def instead(self, action, request, entry):
        """An answer without carrying the request out; None when it is to be carried out."""
        if "after" in action:
            return None
        if "error" in action:
            return self.error(action["error"], action, entry)
        if "garbage" in action:
            body, kind = GARBAGE[action["garbage"]]
            return Response(action.get("status", 200), body, {"Content-Type": kind})
        if "status" in action:
            body = action.get("body", "").encode()
            response = Response(action["status"], body, {"Content-Type": "application/xml"})
            if "body" not in action and request.method != "HEAD":
                response = self.error("InternalError", {**action, "message": "the sandbox was asked to answer this"}, entry)
                response.status = action["status"]
            return self.with_headers(action, response)
        return None

    def error(self, code, action, entry):
        extra = {"Key": entry["key"]} if code == "NoSuchKey" else {}
        problem = errors.Error(code, action.get("message"), action.get("status"), **extra)
        return self.with_headers(action, self.app.error_answer(entry["service"], problem))

    @staticmethod
    def with_headers(action, response):
        if "retry_after" in action:
            response.headers["Retry-After"] = str(action["retry_after"])
        response.headers.update(action.get("headers", {}))
        return response

    def afterwards(self, action, _request, entry, response):
        """What happens to the answer of a request that was carried out."""
        after = str(action.get("after", ""))
        if after == "drop":
            return dropped()
        if after == "kill":
            shoot(action.get("pid"))
        elif after.startswith("status "):
            response = self.error("InternalError", {**action, "status": int(after[7:])}, entry)
        elif after.startswith("error "):
            response = self.error(after[6:], action, entry)
        if "truncate" in action:
            response.truncate = int(action["truncate"])
        if "trickle" in action:
            response.trickle = (int(action["trickle"]["bytes"]), action["trickle"]["every_ms"] / 1000)
        if "flip" in action and response.body:
            at = int(action["flip"]) % len(response.body)
            response.body = response.body[:at] + bytes([response.body[at] ^ 1]) + response.body[at + 1:]
        return self.with_headers(action, response)
