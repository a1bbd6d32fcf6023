"""Faults on demand and the log of requests: everything under /_sandbox/."""
import asyncio
import hashlib
import json
import os
import re
import signal

from .http1 import Response

SECRET_PART = re.compile(r"(^|_)(key|keys|secret|token|password|credentials?|private)($|_)")
OPEN_NAMES = {"key_alias", "key_aliases", "key_name", "key_type", "credential_name", "litellm_credential_name", "credential_info", "max_tokens", "token_id"}
SK = re.compile(r"sk-[A-Za-z0-9_.-]+")
MARKUP = b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
GARBAGE = {"html": (MARKUP, "text/html"), "notjson": (b'{"data": [{"model_name": ', "application/json"), "empty": (b"", "application/json"),
           "wrongtype": (b'"all is well"', "application/json")}
LOG_LIMIT = 200000


def fingerprint(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()[:12]


def redacted(value, name=""):
    """A body as it may stand in the log: secrets only as the start of their SHA-256."""
    if isinstance(value, dict):
        everything = name in ("credential_values", "environment_variables")
        return {k: fingerprint(str(v)) if everything else redacted(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [redacted(v, name) for v in value]
    if isinstance(value, str):
        if name not in OPEN_NAMES and (SECRET_PART.search(name) or "_token" in name) and not re.fullmatch(r"[0-9a-f]{64}", value):
            return fingerprint(value)
        return SK.sub(lambda m: fingerprint(m.group(0)), value)
    return value


class Rule:
    """One fault: which requests, which of them, and what happens."""

    def __init__(self, spec):
        method, _, path = spec.get("match", "* /").partition(" ")
        self.method, self.path = method, path
        self.regex = re.compile(path)
        self.nth = spec.get("nth", "every")
        self.left = spec.get("times", 1 if self.nth != "every" else -1)
        self.action = spec["do"]
        self.seen = 0

    def hits(self, request):
        if self.method not in ("*", request.method) or self.left == 0:
            return False
        if not (request.target.startswith(self.path) or self.regex.match(request.target)):
            return False
        self.seen += 1
        if self.nth != "every" and self.seen < int(self.nth):
            return False
        self.left -= 1
        return True


class Faults:
    def __init__(self, app, latency_ms=0):
        self.app, self.latency = app, latency_ms / 1000
        self.rules, self.kills = [], []
        self.reset()

    def reset(self):
        self.log, self.count, self.in_flight, self.max_in_flight = [], 0, 0, 0
        self.routes, self.connections = {}, set()
        self.rules, self.kills = [], []

    # ---- around each request ---------------------------------------------------------------------

    async def around(self, request, carry_out):
        """Log the request, apply what is due, and carry it out unless a fault says otherwise."""
        self.count += 1
        entry = self.note(request)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            kills = [k for k in self.kills if k["at"] == self.count]
            self.kill(kills, "before")
            rule = next((r for r in self.rules if r.hits(request)), None)
            response = await self.apply(rule.action, request, carry_out) if rule else await carry_out(request)
            self.kill(kills, "after")
        finally:
            self.in_flight -= 1
        entry["status"] = None if response.drop else response.status
        return response

    def note(self, request):
        body = request.body
        try:
            body = redacted(json.loads(body)) if body else None
        except ValueError:
            body = "not JSON, %d bytes" % len(request.body)
        path = SK.sub(lambda m: fingerprint(m.group(0)), request.target)
        entry = {"n": self.count, "method": request.method, "path": path, "body": body, "status": None, "connection": request.connection}
        if request.pod.number:
            entry["pod"] = request.pod.number
        if len(self.log) < LOG_LIMIT:
            self.log.append(entry)
        route = request.method + " " + re.sub(r"/(model|credentials/by_name|credentials|key)/[^/?]+(?=/update|/regenerate|$)", r"/\1/*", request.path)
        self.routes[route] = self.routes.get(route, 0) + 1
        self.connections.add(request.connection)
        return entry

    def kill(self, kills, when):
        for item in kills:
            if item.get("when", "before") == when:
                self.shoot(item["pid"])

    @staticmethod
    def shoot(pid):
        """SIGKILL, as the test asked; never anything but one ordinary process."""
        if isinstance(pid, int) and pid > 1 and pid != os.getpid():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    async def apply(self, action, request, carry_out):
        if "slow_ms" in action:
            await asyncio.sleep(action["slow_ms"] / 1000)
            if len(action) == 1:
                return await carry_out(request)
        before = action.get("before")
        if before == "kill":
            self.shoot(action.get("pid"))
            return await carry_out(request)
        if before == "drop":
            return self.dropped()
        if "after" in action:
            return self.afterwards(action, await carry_out(request))
        if "truncate" in action:
            response = await carry_out(request)
            response.truncate = int(action["truncate"])
            return response
        return self.instead(action)

    @staticmethod
    def dropped():
        response = Response(500)
        response.drop = True
        return response

    def afterwards(self, action, response):
        after = action["after"]
        if after == "drop":
            return self.dropped()
        if after == "kill":
            self.shoot(action.get("pid"))
            return response
        found = re.fullmatch(r"status (\d{3})", after)
        if found:
            return self.error(int(found.group(1)), "the sandbox was asked to answer this after the change was made")
        return response

    def instead(self, action):
        """An answer without carrying the request out."""
        if action.get("unauthorized"):
            return self.error(401, "Authentication Error, Invalid proxy server token passed", "token_not_found_in_db")
        if action.get("forbidden"):
            return self.error(403, "the sandbox was asked to forbid this", "auth_error")
        if "garbage" in action:
            body, kind = GARBAGE[action["garbage"]]
            return Response(200, body, kind)
        if "big" in action:
            response = Response(200)
            response.endless = int(action["big"])
            return response
        if "body" in action:
            return Response(action.get("status", 200), action["body"].encode(), action.get("content_type", "application/json"))
        response = self.error(action.get("status", 500), "the sandbox was asked to answer this")
        if "retry_after" in action:
            response.headers.append(("retry-after", str(action["retry_after"])))
        return response

    @staticmethod
    def error(status, text, kind="internal_server_error"):
        body = {"error": {"message": text, "type": kind, "param": "None", "code": str(status)}}
        return Response(status, json.dumps(body).encode())

    # ---- the control routes ---------------------------------------------------------------------

    def control(self, request):
        name = request.path[len("/_sandbox/"):]
        handler = getattr(self, "%s_%s" % (request.method.lower(), name), None)
        if not handler or not re.fullmatch(r"[a-z_]+", name):
            return Response(404, b'{"detail":"Not Found"}')
        try:
            body = json.loads(request.body) if request.body else None
            answer = handler(body)
        except (ValueError, KeyError, TypeError, re.error) as problem:
            return Response(400, json.dumps({"detail": "%s: %s" % (type(problem).__name__, problem)}).encode())
        return Response(200, json.dumps(answer if answer is not None else {"ok": True}).encode())

    def get_log(self, _body):
        return self.log

    def get_stats(self, _body):
        return {"requests": self.count, "connections": len(self.connections), "by_route": self.routes, "max_in_flight": self.max_in_flight}

    def post_reset(self, _body):
        self.reset()

    def post_wipe(self, _body):
        self.app.wipe()

    def post_reload(self, _body):
        self.app.reload()

    def post_latency(self, body):
        self.latency = float(body["ms"]) / 1000

    def post_faults(self, body):
        rules = body if isinstance(body, list) else [body]
        self.rules = [Rule(r) for r in rules]
        return {"rules": len(self.rules)}

    def post_kill_at(self, body):
        self.kills.append({"at": self.count + int(body["n"]), "pid": int(body["pid"]), "when": body.get("when", "before")})
